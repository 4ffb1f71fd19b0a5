import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { EyeOff, Plus } from "lucide-react";
import { type SuppressionSort, suppressionsQuery } from "../../api/suppressions";
import { DataTable } from "../../shared/DataTable";
import { DialogButton } from "../../shared/DialogButton";
import { EmptyState } from "../../shared/EmptyState";
import { Page } from "../../shared/Page";
import { useMayAct } from "../../shared/rights";
import { SearchBox } from "../../shared/SearchBox";
import { suppressions as t } from "../../texts/suppressions";
import { AddSuppression } from "./AddSuppression";
import { columns } from "./columns";
import type { SuppressionsSearch } from "./search";

const PAGE_SIZE = 50;
const route = getRouteApi("/shell/suppressions");

/** What raises no events, why, and until when. */
export function SuppressionsPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const mayAct = useMayAct();
  const page = search.page ?? 1;
  const sort = search.sort ?? "createdAt";
  const direction = search.order === "ascending" ? 1 : -1;
  const window = { skip: (page - 1) * PAGE_SIZE, limit: PAGE_SIZE };
  const known = useQuery(suppressionsQuery(window, search.q ?? "", sort, direction));
  const refine = (change: SuppressionsSearch) =>
    void navigate({ to: ".", search: (old) => ({ ...old, page: undefined, ...change }), replace: true });
  return (
    <Page
      title={t.suppressions}
      about={t.whatIsIgnoredCombinations}
      actions={
        <>
          <SearchBox
            label={t.searchPolicyEndpointActor}
            value={search.q ?? ""}
            onChange={(q) => refine({ q: q || undefined })}
          />
          {mayAct && (
            <DialogButton label={t.ignoreACombination} icon={Plus}>
              {(close) => <AddSuppression onDone={close} />}
            </DialogButton>
          )}
        </>
      }
    >
      <DataTable
        label={t.suppressions}
        columns={columns}
        rows={known.data?.suppressions}
        rowId={(one) => one.id}
        error={known.error}
        empty={
          search.q ? (
            <EmptyState icon={EyeOff} title={t.noSuppressionFitsThe}>
              {t.itLooksIntoActor}
            </EmptyState>
          ) : (
            <EmptyState icon={EyeOff} title={t.nothingIsIgnored}>
              {t.chooseIgnoreOnAn}
            </EmptyState>
          )
        }
        sorting={{
          column: sort,
          direction,
          onSort: (column, direction) =>
            refine({ sort: column as SuppressionSort, order: direction === 1 ? "ascending" : undefined }),
        }}
        paging={{
          page,
          size: PAGE_SIZE,
          total: known.data?.total ?? 0,
          onPage: (page) => refine({ page: page === 1 ? undefined : page }),
        }}
      />
    </Page>
  );
}
