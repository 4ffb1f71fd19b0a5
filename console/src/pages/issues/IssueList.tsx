import { Paper } from "@mantine/core";
import type { ReactNode } from "react";
import { type IssueSort, issuesQuery } from "../../api/issues";
import type { Direction } from "../../api/queries";
import type { Answer, Issue, IssueFilter } from "../../api/types";
import { ErrorNote } from "../../shared/ErrorNote";
import { useMayAct } from "../../shared/rights";
import { useChosen } from "../../shared/rows/useChosen";
import { useRows } from "../../shared/rows/useRows";
import { Loading } from "../../shared/table/Loading";
import { VirtualTable } from "../../shared/VirtualTable";
import { issues as t } from "../../texts/issues";
import { Chosen } from "./change/Chosen";
import { columns } from "./columns";
import { placeOf } from "./place";
import type { Tab } from "./search";

interface IssueListProps {
  filter: IssueFilter;
  tab: Tab;
  sort: IssueSort;
  direction: Direction;
  onSort: (sort: IssueSort, direction: Direction) => void;
  empty: ReactNode;
  onOpen: (issue: Issue) => void;
  openId: string | undefined;
}

export function IssueList(props: IssueListProps) {
  const { filter, tab, sort, direction, onSort, empty, onOpen, openId } = props;
  const mayAct = useMayAct();
  const list = JSON.stringify([filter, sort, direction]);
  const rows = useRows(list, (page) => issuesQuery(filter, page, sort, direction), pieceOf);
  const chosen = useChosen(
    JSON.stringify(filter),
    rows,
    idOf,
    // What is found after this moment was not looked at.
    (): IssueFilter => ({ ...filter, endTimestamp: Math.ceil(Date.now() / 1_000) }),
  );
  const problem = rows.error ? <ErrorNote error={rows.error} title={t.listNotLoaded} /> : null;
  if (rows.total === undefined) return problem ?? <Loading />;
  if (rows.total === 0) return problem ?? <Paper withBorder>{empty}</Paper>;
  return (
    <>
      {problem}
      <VirtualTable
        label={t.title}
        columns={columns}
        total={rows.total}
        rowAt={rows.rowAt}
        rowId={idOf}
        rowName={(issue) => t.row(issue.name, placeOf(issue))}
        onWindow={rows.want}
        topKey={list}
        sorting={{
          column: sort,
          direction,
          onSort: (column, direction) => onSort(column as IssueSort, direction),
        }}
        selection={mayAct ? chosen.rows : undefined}
        onOpen={onOpen}
        openId={openId}
        floating={
          !chosen.rows.isEmpty && <Chosen chosen={chosen} isIgnored={tab === "ignored"} total={rows.total} />
        }
      />
    </>
  );
}

const idOf = ({ issueId }: Issue) => issueId;
const pieceOf = ({ issues, total }: Answer<"fetchIssues">) => ({ rows: issues, total });
