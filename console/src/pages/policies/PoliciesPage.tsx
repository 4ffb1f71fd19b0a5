import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { Plus, ScrollText } from "lucide-react";
import { useMemo } from "react";
import { policyHitsQuery } from "../../api/policies";
import { type Direction, policiesQuery } from "../../api/queries";
import { suppressionsQuery } from "../../api/suppressions";
import { DataTable } from "../../shared/DataTable";
import { EmptyState } from "../../shared/EmptyState";
import { PageButton } from "../../shared/links";
import { Page } from "../../shared/Page";
import { RangePicker } from "../../shared/RangePicker";
import { useIsAdmin } from "../../shared/rights";
import { SearchBox } from "../../shared/SearchBox";
import { rangeOf, toSearch } from "../../shared/search";
import { policies as t } from "../../texts/policies";
import { columns } from "./columns";
import { arranged, rowsOf, usualOrder } from "./rows";
import type { PoliciesSearch, PolicySort } from "./search";

// As many as the control plane gives at once; who ignores more has other troubles than these figures.
const SUPPRESSIONS = { skip: 0, limit: 1_000 };
const route = getRouteApi("/shell/policies");

export function PoliciesPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const isAdmin = useIsAdmin();
  const range = rangeOf(search);
  const { data: policies, error } = useQuery(policiesQuery);
  const hits = useQuery(policyHitsQuery(range, policies ?? []));
  const ignored = useQuery(suppressionsQuery(SUPPRESSIONS, "", "hits", -1));
  const sort = search.sort ?? "id";
  const direction = search.order === "reversed" ? (-usualOrder(sort) as Direction) : usualOrder(sort);
  const rows = useMemo(
    () =>
      policies &&
      arranged(
        rowsOf(policies, hits.data, ignored.data?.suppressions ?? []),
        search.q ?? "",
        sort,
        direction,
      ),
    [policies, hits.data, ignored.data, search.q, sort, direction],
  );
  const refine = (change: PoliciesSearch) =>
    void navigate({ to: ".", search: (old) => ({ ...old, ...change }), replace: true });
  return (
    <Page
      title={t.policies}
      about={t.whatTheSensorsJudge}
      actions={
        <>
          <SearchBox
            label={t.searchPolicies}
            value={search.q ?? ""}
            onChange={(q) => refine({ q: q || undefined })}
          />
          <RangePicker value={range} onChange={(range) => refine(toSearch(range))} />
          {isAdmin && (
            <PageButton to="/new-policy" size="xs" leftSection={<Plus size={14} aria-hidden />}>
              {t.newPolicy}
            </PageButton>
          )}
        </>
      }
    >
      <DataTable
        label={t.policies}
        columns={columns}
        rows={rows}
        rowId={({ policy }) => policy.id}
        error={error ?? hits.error}
        sorting={{
          column: sort,
          direction,
          onSort: (column, direction) => {
            const sort = column as PolicySort;
            refine({ sort, order: direction === usualOrder(sort) ? undefined : "reversed" });
          },
        }}
        empty={
          search.q ? (
            <EmptyState icon={ScrollText} title={t.noPolicyFitsThe}>
              {t.itLooksIntoId}
            </EmptyState>
          ) : (
            <EmptyState icon={ScrollText} title={t.noPolicyIsLoaded}>
              {t.nothingCanBeDetected}
            </EmptyState>
          )
        }
        onOpen={({ policy }) =>
          void navigate({
            to: "/policies/$policyId",
            params: { policyId: policy.id },
            search: ({ range, from, to }) => ({ range, from, to }),
          })
        }
      />
    </Page>
  );
}
