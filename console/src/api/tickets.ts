import { queryOptions } from "@tanstack/react-query";
import { call } from "./client";
import type { Answer, Asked, EventFilter, IssueFilter, TrackerKind } from "./types";

export const TRACKERS = ["jiraCloud", "jiraServer", "azureBoards"] as const satisfies TrackerKind[];

const REFRESH_MS = 10_000;

export const integrationsQuery = queryOptions({
  queryKey: ["ticket-integrations"],
  queryFn: async ({ signal }) => (await call("fetchTicketIntegrations", {}, signal)).integrations,
  refetchInterval: REFRESH_MS,
});

/** What a ticket is of. */
export type Subject = { issues: IssueFilter } | { events: EventFilter };

export interface Creation {
  of: Subject;
  integration: string;
  /** Another one, although there is one that is done. */
  again?: boolean;
}

export type Created = Answer<"createTicketsForIssues">;

export const createTickets = ({ of, ...how }: Creation): Promise<Created> =>
  "issues" in of
    ? call("createTicketsForIssues", { ...of.issues, ...how })
    : call("createTicketsForEvents", { ...of.events, ...how });

/** One event or one issue. */
export type One = { issueId: string } | { eventId: string };

export const linkTicket = (link: One & { key: string; integration: string }) => call("linkTicket", link);
export const unlinkTicket = (one: One) => call("unlinkTicket", one);

export const addIntegration = (integration: Asked<"addTicketIntegration">) =>
  call("addTicketIntegration", integration);
export const changeIntegration = (change: Asked<"modifyTicketIntegration">) =>
  call("modifyTicketIntegration", change);
export const removeIntegration = (name: string) => call("removeTicketIntegration", { name });
export const testIntegration = (name: string) => call("testTicketIntegration", { name });
