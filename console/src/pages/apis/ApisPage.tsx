import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { Radar } from "lucide-react";
import { type ApiSort, threatApisQuery } from "../../api/queries";
import { DataTable } from "../../shared/DataTable";
import { EmptyState } from "../../shared/EmptyState";
import { Page } from "../../shared/Page";
import { RangePicker } from "../../shared/RangePicker";
import { rangeOf, toSearch } from "../../shared/search";
import { apis as t } from "../../texts/apis";
import { columns } from "./columns";
import type { ApisSearch } from "./search";

const PAGE_SIZE = 50;
const route = getRouteApi("/shell/apis");

export function ApisPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const range = rangeOf(search);
  const page = search.page ?? 1;
  const sort = search.sort ?? "discoveredAt";
  const direction = search.order === "ascending" ? 1 : -1;
  const window = { skip: (page - 1) * PAGE_SIZE, limit: PAGE_SIZE };
  const apis = useQuery(threatApisQuery(range, window, sort, direction));
  const refine = (change: ApisSearch) =>
    void navigate({ to: ".", search: (old) => ({ ...old, page: undefined, ...change }), replace: true });

  return (
    <Page
      title={t.threatApis}
      about={t.whichEndpointsAreAttacked}
      actions={<RangePicker value={range} onChange={(range) => refine(toSearch(range))} />}
    >
      <DataTable
        label={t.threatApis}
        columns={columns}
        rows={apis.data?.apis}
        rowId={({ method, host, api }) => `${method} ${host} ${api}`}
        error={apis.error}
        empty={
          <EmptyState icon={Radar} title={t.noEndpointWasAttacked}>
            {t.chooseALongerTime}
          </EmptyState>
        }
        sorting={{
          column: sort,
          direction,
          onSort: (column, direction) =>
            refine({ sort: column as ApiSort, order: direction === 1 ? "ascending" : undefined }),
        }}
        paging={{
          page,
          size: PAGE_SIZE,
          total: apis.data?.total ?? 0,
          onPage: (page) => refine({ page: page === 1 ? undefined : page }),
        }}
      />
    </Page>
  );
}
