import type { IgnoreReason, ImportedIssues, IssueSource, IssueStatus } from "../api/types";
import { count, plural } from "../shared/format";

const issue = (size: number) => plural(size, "issue");

export const issues = {
  title: "Issues",
  about: "Weaknesses of your APIs, each at one place, as scans found them",
  issue: "Issue",
  notLoaded: "The issue could not be loaded",
  listNotLoaded: "Issues could not be loaded",

  tabs: { open: "Open", fixed: "Fixed", ignored: "Ignored" },
  status: { OPEN: "Open", FIXED: "Fixed", IGNORED: "Ignored" } satisfies Record<IssueStatus, string>,
  source: {
    PASSIVE: "Seen in traffic",
    ACTIVE: "Active scan",
    IMPORT: "Imported",
  } satisfies Record<IssueSource, string>,

  search: "Search name, place, check",
  filters: {
    severity: "Severity",
    source: "Found by",
    host: "Host",
    endpoint: "Endpoint",
    category: "Category",
    check: "Check",
    method: "Method",
    found: "Last found",
    typeMore: "Choose or type, Enter after each",
    more: (used: number) => (used === 0 ? "More" : `More (${used})`),
    clear: "Clear",
  },

  columns: {
    severity: "Severity",
    issue: "Issue",
    place: "Place",
    category: "Category",
    source: "Found by",
    firstSeen: "First found",
    lastSeen: "Last found",
    again: "again",
  },
  none: {
    filtered: "No issue fits these filters",
    clear: "Clear the filters",
    open: "No open issue",
    openHow:
      "Import what another tool found: SARIF of a code or API scanner, or the JSON lines of nuclei. What one scan found and a later one does not is fixed by itself.",
    fixed: "Nothing is fixed yet",
    fixedHow: "An issue is fixed once a scan tries its endpoint again and does not find it.",
    ignored: "Nothing is ignored",
    ignoredHow:
      "Ignoring an issue keeps it out of the open ones, whatever later scans find, until it is opened again.",
    noneSuch: "There is no such issue",
    noneSuchHow: "Its address is not whole, or it belongs to another account.",
  },

  row: (name: string, place: string) => `${name} at ${place}`,
  chosen: "Chosen issues",

  ignore: "Ignore…",
  ignoreDo: (size: number) => (size === 1 ? "Ignore" : `Ignore ${issue(size)}`),
  ignoreTitle: (size: number) => (size === 1 ? "Ignore this issue" : `Ignore ${issue(size)}`),
  ignored: (size: number) => `${issue(size)} ignored`,
  notIgnored: "Not ignored",
  why: "Why",
  reasons: {
    FALSE_POSITIVE: "False positive",
    ACCEPTABLE_RISK: "Acceptable risk",
    NO_TIME_TO_FIX: "No time to fix it",
  } satisfies Record<IgnoreReason, string>,
  reasonMeans: {
    FALSE_POSITIVE: "It is no weakness",
    ACCEPTABLE_RISK: "It is one, and stays",
    NO_TIME_TO_FIX: "It is one, for later",
  } satisfies Record<IgnoreReason, string>,
  note: "Note",
  noteFor: "For whoever finds it ignored",
  reopen: "Open again",
  reopened: (size: number) => `${issue(size)} opened again`,
  notReopened: "Still ignored",

  parts: {
    description: "What it is",
    impact: "Impact",
    evidence: "Evidence",
    request: "Request",
    response: "Response",
    affected: "Affected endpoints",
    history: "History",
    remediation: "Remediation",
    references: "References",
  },
  facts: { place: "Place", check: "Check", category: "Category", source: "Found by", tags: "Known as" },
  foundAt: "Found at",
  noEvidence: "The tool that found it gave no evidence.",
  noRemediation: "The tool that found it does not say how to mend it.",
  affectedMore: (shown: number, total: number) => `The first ${count(shown)} of ${count(total)}`,
  here: "this one",
  events: {
    found: "Found for the first time",
    foundLast: "Found last",
    clean: "Tried again, and not found",
    reopened: "Found again after it was fixed",
    ignored: (by: string, reason: string) => `Ignored by ${by}: ${reason}`,
  },

  import: {
    button: "Import",
    title: "Import findings",
    file: "File",
    choose: "Choose a SARIF or nuclei file",
    paste: "Or paste it",
    pasteHow: "SARIF 2.1.0, or the lines of nuclei -jsonl",
    noFile: "No file",
    tooLarge: (mebibytes: number) => `has more than ${mebibytes} MiB: split it`,
    reads: { sarif: "Read as SARIF", nuclei: "Read as nuclei's JSON lines" },
    check: "Check",
    do: (size: number) => `Import ${plural(size, "finding")}`,
    failed: "Not imported",
    holds: (found: number, clean: number) =>
      `${plural(found, "finding")}, and ${plural(clean, "check")} that found nothing`,
    done: (created: number) => (created === 0 ? "Imported: nothing new" : `${issue(created)} found`),
    became: ({ reopened, fixed, leftOut }: ImportedIssues) =>
      `${count(reopened)} opened again, ${count(fixed)} fixed` +
      (leftOut > 0
        ? `; ${plural(leftOut, "finding")} found no room: an account keeps at most 100,000 issues`
        : ""),
    skipped: (size: number) => `${plural(size, "entry", "entries")} cannot be used`,
    skippedTable: "Entries that cannot be used",
    skippedMore: (size: number) => `and ${count(size)} more`,
  },
};
