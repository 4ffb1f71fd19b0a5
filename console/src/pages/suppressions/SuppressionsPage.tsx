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
      title="Suppressions"
      about="What is ignored: combinations that raise no events, on any sensor"
      actions={
        <>
          <SearchBox
            label="Search policy, endpoint, actor, reason"
            value={search.q ?? ""}
            onChange={(q) => refine({ q: q || undefined })}
          />
          {mayAct && (
            <DialogButton label="Ignore a combination" icon={Plus}>
              {(close) => <AddSuppression onDone={close} />}
            </DialogButton>
          )}
        </>
      }
    >
      <DataTable
        label="Suppressions"
        columns={columns}
        rows={known.data?.suppressions}
        rowId={(one) => one.id}
        error={known.error}
        empty={
          search.q ? (
            <EmptyState icon={EyeOff} title="No suppression fits the search">
              It looks into actor, policy, endpoint, reason and who made it.
            </EmptyState>
          ) : (
            <EmptyState icon={EyeOff} title="Nothing is ignored">
              Choose «Ignore…» on an event that is no attack: what it stands for is then listed here, with
              what it held back, and can be lifted.
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
