import { Signpost } from "lucide-react";
import { EmptyState } from "../shared/EmptyState";
import { PageAnchor } from "../shared/links";

export function NotFound() {
  return (
    <EmptyState icon={Signpost} title="There is no such page">
      <PageAnchor to="/activity" size="sm">
        Go to Threat activity
      </PageAnchor>
    </EmptyState>
  );
}
