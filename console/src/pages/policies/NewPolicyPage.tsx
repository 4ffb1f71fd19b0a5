import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import { Page } from "../../shared/Page";
import { LeaveGuard } from "./LeaveGuard";
import { PolicyText } from "./PolicyText";
import { STARTER } from "./starter";

const route = getRouteApi("/shell/new-policy");

/** A policy of one's own, from an example that works. */
export function NewPolicyPage() {
  const [text, setText] = useState(STARTER);
  const navigate = route.useNavigate();
  return (
    <Page title="New policy" about="It is in force on every sensor once it is saved">
      <PolicyText
        label="Text of the new policy"
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
