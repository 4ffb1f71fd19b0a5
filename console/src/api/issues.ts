import { queryOptions } from "@tanstack/react-query";
import { call } from "./client";
import { type Direction, REFRESH_MS } from "./queries";
import type { IgnoreReason, IssueFilter, Page } from "./types";

export const ISSUE_SORTS = ["severity", "lastSeen", "firstSeen", "name", "endpoint"] as const;
export type IssueSort = (typeof ISSUE_SORTS)[number];

export const issuesQuery = (filter: IssueFilter, page: Page, sort: IssueSort, direction: Direction) =>
  queryOptions({
    queryKey: ["issues", filter, page, sort, direction],
    queryFn: ({ signal }) => call("fetchIssues", { ...filter, ...page, sort: { [sort]: direction } }, signal),
    refetchInterval: REFRESH_MS,
  });

/** How many issues there are of each status, whatever status the filter has. */
export const issueCountsQuery = (filter: IssueFilter) =>
  queryOptions({
    queryKey: ["issue-counts", filter],
    queryFn: async ({ signal }) => (await call("fetchIssues", { ...filter, limit: 0 }, signal)).counts,
    refetchInterval: REFRESH_MS,
  });

// The control plane lists no values to choose from: these rows stand for the rest, and others can be typed.
const EXAMPLES = 200;

export const issueExamplesQuery = queryOptions({
  queryKey: ["issue-examples"],
  queryFn: async ({ signal }) =>
    (await call("fetchIssues", { limit: EXAMPLES, sort: { lastSeen: -1 } }, signal)).issues,
  staleTime: 60_000,
});

export const issueQuery = (issueId: string) =>
  queryOptions({
    queryKey: ["issue", issueId],
    queryFn: async ({ signal }) => (await call("fetchIssue", { issueId }, signal)).issue,
    refetchInterval: 2 * REFRESH_MS,
    retry: false,
  });

export interface IssueIgnore {
  selector: IssueFilter;
  reason: IgnoreReason;
  note: string;
}

export const ignoreIssues = ({ selector, reason, note }: IssueIgnore) =>
  call("bulkUpdateIssueStatus", { ...selector, status: "IGNORED", ignoreReason: reason, note });

export const reopenIssues = (selector: IssueFilter) =>
  call("bulkUpdateIssueStatus", { ...selector, status: "OPEN" });

export type FindingsFormat = "sarif" | "nuclei";

export const importIssues = (file: { format: FindingsFormat; document: string; dryRun: boolean }) =>
  call("importIssues", file);
