import { Button } from "@mantine/core";
import { useInfiniteQuery, useMutation } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { Download, History } from "lucide-react";
import { exportAudit } from "../../api/commands";
import { auditQuery } from "../../api/queries";
import { EmptyState } from "../../shared/EmptyState";
import { GrowingTable } from "../../shared/GrowingTable";
import { showProblem } from "../../shared/notices";
import { Page } from "../../shared/Page";
import { RangePicker } from "../../shared/RangePicker";
import { SearchBox } from "../../shared/SearchBox";
import { rangeOf, toSearch } from "../../shared/search";
import { audit as t } from "../../texts/audit";
import { columns } from "./columns";
import type { AuditSearch } from "./search";

const route = getRouteApi("/shell/audit");

export function AuditPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const range = rangeOf(search);
  const text = search.q ?? "";
  const entries = useInfiniteQuery(auditQuery(range, text));
  const download = useMutation({
    mutationFn: () => exportAudit(range, text),
    onError: (error) => showProblem(t.theAuditLogCould, error),
  });
  const refine = (change: AuditSearch) =>
    void navigate({ to: ".", search: (old) => ({ ...old, ...change }), replace: true });

  return (
    <Page
      title={t.auditLog}
      about={t.whoChangedWhatWhen}
      actions={
        <>
          <SearchBox
            label={t.searchWhoWhatFrom}
            value={text}
            onChange={(q) => refine({ q: q || undefined })}
          />
          <RangePicker value={range} onChange={(range) => refine(toSearch(range))} />
          <Button
            size="xs"
            variant="default"
            leftSection={<Download size={14} aria-hidden />}
            loading={download.isPending}
            onClick={() => download.mutate()}
          >
            {t.csv}
          </Button>
        </>
      }
    >
      <GrowingTable
        label={t.auditLog}
        columns={columns}
        query={entries}
        rowsOf={(page) => page.entries}
        rowId={(entry) => String(entry.seq)}
        more={t.olderEntries}
        empty={
          <EmptyState icon={History} title={t.noChangeLikeThat}>
            {t.chooseALongerTime}
          </EmptyState>
        }
      />
    </Page>
  );
}
