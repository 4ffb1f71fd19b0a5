import { Signpost } from "lucide-react";
import { EmptyState } from "../shared/EmptyState";
import { PageAnchor } from "../shared/links";
import { layout as t } from "../texts/layout";

export function NotFound() {
  return (
    <EmptyState icon={Signpost} title={t.thereIsNoSuch}>
      <PageAnchor to="/activity" size="sm">
        {t.goToThreatActivity}
      </PageAnchor>
    </EmptyState>
  );
}
