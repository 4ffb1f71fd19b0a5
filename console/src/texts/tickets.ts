import type { Ticket, TicketState, TrackerKind } from "../api/types";
import { count, plural } from "../shared/format";

export const tickets = {
  create: "Create ticket",
  createIn: (integration: string) => `In ${integration}`,
  linkAsk: "Link one that there is…",
  linkTitle: "Link a ticket",
  key: "Key",
  keyHow: "PROJ-17 in Jira, 17 in Azure Boards",
  tracker: "Tracker",
  link: "Link",
  notLinked: "Not linked",
  linked: (key: string) => `${key} is linked`,
  unlink: "Unlink",
  unlinkWarning: "The ticket stays at its tracker, and is no longer told of what happens here.",
  unlinked: "No longer linked",
  notUnlinked: "Still linked",
  made: ({
    created,
    existing,
    queued,
    failed,
  }: {
    created: number;
    existing: number;
    queued: number;
    failed: number;
  }) =>
    [
      ...(created > 0 ? [`${plural(created, "ticket")} made`] : []),
      ...(existing > 0 ? [`${plural(existing, "ticket")} there already`] : []),
      ...(queued > 0 ? [`${plural(queued, "ticket")} made as soon as the tracker answers`] : []),
      ...(failed > 0 ? [`${plural(failed, "ticket")} refused by the tracker`] : []),
    ].join(", ") || "No ticket",
  notMade: "No ticket was made",
  again: "Try again",
  another: "Create another ticket",
  state: {
    QUEUED: "waits for the tracker",
    OPEN: "open",
    DONE: "done",
    FAILED: "refused",
    GONE: "deleted there",
  } satisfies Record<TicketState, string>,
  shown: ({ key, trackerState }: Ticket, state: string) => `${key || "Ticket"}: ${trackerState || state}`,

  noneTitle: "Nowhere to make tickets",
  noneHow:
    "With an integration, issues and events become tickets of Jira or work items of Azure Boards, which are kept true to them.",
  label: "Ticket integrations",
  add: "Add an integration",
  addDo: "Add",
  notAdded: "Not added",
  added: (name: string) => `Tickets can be made in ${name}`,
  name: "Name",
  kind: "Kind",
  kinds: {
    jiraCloud: "Jira Cloud",
    jiraServer: "Jira Data Center",
    azureBoards: "Azure Boards",
  } satisfies Record<TrackerKind, string>,
  address: "Address",
  addresses: {
    jiraCloud: "https://acme.atlassian.net",
    jiraServer: "https://jira.example",
    azureBoards: "https://dev.azure.com/acme",
  } satisfies Record<TrackerKind, string>,
  project: "Project",
  projectHow: {
    jiraCloud: "Its key, as SEC",
    jiraServer: "Its key, as SEC",
    azureBoards: "Its name",
  } satisfies Record<TrackerKind, string>,
  issueType: "Type of the tickets",
  user: "User",
  userHow: {
    jiraCloud: "The e-mail address that the token is of",
    jiraServer: "Empty where the token is a personal access token",
    azureBoards: "",
  } satisfies Record<TrackerKind, string>,
  token: "Token",
  tokenHow: "Kept encrypted, and never shown again",
  newTokenHow: "Empty leaves the one there is; another address or user needs it anew",
  templates: "Summary and text of the tickets",
  templatesHow:
    "As in {{name}} at {{endpoint}}; empty for the usual. docs/tickets.md lists the placeholders.",
  summary: "Summary",
  description: "Text",
  change: "Change",
  changeTitle: (name: string) => `Change ${name}`,
  save: "Save",
  notSaved: "Not saved",
  saved: (name: string) => `${name} is changed`,
  where: "Where",
  tickets: "Tickets",
  waiting: "Waiting",
  stateColumn: "State",
  actions: "Actions",
  disabled: "Disabled",
  well: "Well",
  failing: "Failing",
  attemptsFailed: (failures: number, problem: string) =>
    `${count(failures)} attempts failed in a row: ${problem}`,
  test: "Test",
  works: (name: string) => `${name} works`,
  after: (detail: string, tookMs: number) => `${detail} (${count(tookMs)} ms)`,
  worksNot: (name: string) => `${name} does not work`,
  notTested: (name: string) => `${name} was not tested`,
  enable: "Enable",
  disable: "Disable",
  staysAsItWas: (name: string) => `${name} stays as it was`,
  remove: "Remove",
  removeWarning: (name: string) =>
    `What is linked through ${name} is no longer linked. The tickets stay at their tracker.`,
  notRemoved: (name: string) => `${name} is not removed`,
};
