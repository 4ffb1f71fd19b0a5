import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Outlet, useParams } from "@tanstack/react-router";
import { ScrollText } from "lucide-react";
import { policiesQuery } from "../../api/queries";
import { DataTable } from "../../shared/DataTable";
import { EmptyState } from "../../shared/EmptyState";
import { Page } from "../../shared/Page";
import { columns } from "./columns";

const route = getRouteApi("/shell/policies");

export function PoliciesPage() {
  const { data: policies, error } = useQuery(policiesQuery);
  const { policyId } = useParams({ strict: false });
  const navigate = route.useNavigate();
  return (
    <Page title="Policies" about="What the sensors judge every exchange by">
      <DataTable
        label="Policies"
        columns={columns}
        rows={policies}
        rowId={(policy) => policy.id}
        error={error}
        empty={
          <EmptyState icon={ScrollText} title="No policy is loaded">
            Nothing can be detected without one. Start the sensor without --policies to use the built-in ones.
          </EmptyState>
        }
        openId={policyId}
        onOpen={(policy) => void navigate({ to: "/policies/$policyId", params: { policyId: policy.id } })}
      />
      <Outlet />
    </Page>
  );
}
