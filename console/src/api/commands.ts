import { useMutation, useQueryClient } from "@tanstack/react-query";
import { saveFile } from "../shared/save-file";
import { call, fetchText, send } from "./client";
import { type TimeRange, timestampsOf } from "./range";
import type { EventFilter, EventStatus } from "./types";

/** A block without `ttlSeconds` is permanent: nobody blocks for ever by forgetting a field. */
export interface BlockRequest {
  cidr: string;
  ttlSeconds: number | null;
  reason: string;
}

/** A user's name and password, with the account where that is not the operator's; or an API key, which names its own. */
export type Credentials = { name: string; password: string; account?: string } | { apiKey: string };

export const logIn = (credentials: Credentials) => send("POST", "/session", credentials);
export const logOut = () => send("DELETE", "/session");

export const changePassword = (currentPassword: string, newPassword: string) =>
  call("changePassword", { currentPassword, newPassword });

/** All entries of the time that have the text, as a file that the browser saves. */
export async function exportAudit(range: TimeRange, searchText: string): Promise<void> {
  const text = await fetchText("exportAudit", { format: "csv", ...timestampsOf(range), searchText });
  saveFile("audit.csv", "text/csv", [text]);
}

export const addBlock = ({ cidr, ttlSeconds, reason }: BlockRequest) =>
  call("addBlock", {
    cidr,
    reason,
    ...(ttlSeconds === null ? { permanent: true } : { ttlSeconds }),
  });

export const removeBlock = (cidr: string) => call("removeBlock", { cidr });

/** How far an ignored combination reaches beyond what was chosen; never all three at once. */
export interface Wider {
  anyActor?: boolean;
  anyEndpoint?: boolean;
  anyPolicy?: boolean;
}

/** What goes with a change of status. All but the first two is for events that are ignored. */
export interface StatusChange extends Wider {
  selector: EventFilter;
  status: EventStatus;
  reason?: string;
  /** Absent where it holds until somebody lifts it. */
  ttlSeconds?: number;
}

export const setEventStatus = ({ selector, reason, ...change }: StatusChange) =>
  call("updateMaliciousEventStatus", {
    ...selector,
    ...change,
    ...(reason ? { reason } : {}),
  });

export const deleteEvents = (selector: EventFilter) => call("deleteMaliciousEvents", selector);

/** A mutation after which everything on screen is asked for again. */
export function useCommand<Input, Reply>(command: (input: Input) => Promise<Reply>) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: command,
    onSettled: () => queries.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== "session" }),
  });
}
