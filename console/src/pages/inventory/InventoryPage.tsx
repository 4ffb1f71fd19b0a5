import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { Waypoints } from "lucide-react";
import { type InventorySort, inventoryQuery } from "../../api/queries";
import { DataTable } from "../../shared/DataTable";
import { EmptyState } from "../../shared/EmptyState";
import { Page } from "../../shared/Page";
import { SearchBox } from "../../shared/SearchBox";
import { inventory as t } from "../../texts/inventory";
import { columns } from "./columns";
import type { InventorySearch } from "./search";

const PAGE_SIZE = 50;
const route = getRouteApi("/shell/inventory");

export function InventoryPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const page = search.page ?? 1;
  const sort = search.sort ?? "lastSeen";
  const direction = search.order === "ascending" ? 1 : -1;
  const window = { skip: (page - 1) * PAGE_SIZE, limit: PAGE_SIZE };
  const { data, error } = useQuery(inventoryQuery(window, search.q ?? "", sort, direction));
  const refine = (change: InventorySearch) =>
    void navigate({ to: ".", search: (old) => ({ ...old, page: undefined, ...change }), replace: true });

  return (
    <Page
      title={t.apiInventory}
      about={t.everyEndpointTheSensors}
      actions={
        <SearchBox
          label={t.searchHostAndPath}
          value={search.q ?? ""}
          onChange={(q) => refine({ q: q || undefined })}
        />
      }
    >
      <DataTable
        label={t.apiInventory}
        columns={columns}
        rows={data?.endpoints}
        rowId={({ method, host, template }) => `${method} ${host} ${template}`}
        error={error}
        empty={
          search.q ? (
            <EmptyState icon={Waypoints} title={t.noEndpointFitsThe}>
              {t.itLooksIntoHosts}
            </EmptyState>
          ) : (
            <EmptyState icon={Waypoints} title={t.noEndpointIsKnown}>
              {t.sensorsTellOfAn}
            </EmptyState>
          )
        }
        sorting={{
          column: sort,
          direction,
          onSort: (column, direction) =>
            refine({ sort: column as InventorySort, order: direction === 1 ? "ascending" : undefined }),
        }}
        paging={{
          page,
          size: PAGE_SIZE,
          total: data?.total ?? 0,
          onPage: (page) => refine({ page: page === 1 ? undefined : page }),
        }}
      />
    </Page>
  );
}
