import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import { Page } from "../../shared/Page";
import { policies as t } from "../../texts/policies";
import { LeaveGuard } from "./LeaveGuard";
import { PolicyText } from "./PolicyText";
import { STARTER } from "./starter";

const route = getRouteApi("/shell/new-policy");

/** A policy of one's own, from an example that works. */
export function NewPolicyPage() {
  const [text, setText] = useState(STARTER);
  const navigate = route.useNavigate();
  return (
    <Page title={t.newPolicy} about={t.itIsInForceOn}>
      <PolicyText
        label={t.textOfTheNew}
        saved=""
        text={text}
        onChange={setText}
        onSaved={({ template }) =>
          void navigate({ to: "/policies/$policyId", params: { policyId: template.id }, ignoreBlocker: true })
        }
      />
      <LeaveGuard isChanged={text !== STARTER && text !== ""} />
    </Page>
  );
}
