import { useMutation, useQueryClient } from "@tanstack/react-query";
import { call, send } from "./client";
import type { Block, CommandReply, EventFilter, EventStatus } from "./types";

/** A block without `ttlSeconds` is permanent: nobody blocks for ever by forgetting a field. */
export interface BlockRequest {
  cidr: string;
  ttlSeconds: number | null;
  reason: string;
}

/** A user's name and password, or an API key. */
export type Credentials = { name: string; password: string } | { apiKey: string };

export const logIn = (credentials: Credentials) => send("POST", "/session", credentials);
export const logOut = () => send("DELETE", "/session");

export const changePassword = (currentPassword: string, newPassword: string) =>
  call("changePassword", { currentPassword, newPassword });

export const addBlock = ({ cidr, ttlSeconds, reason }: BlockRequest) =>
  call<CommandReply & { block: Block }>("addBlock", {
    cidr,
    reason,
    ...(ttlSeconds === null ? { permanent: true } : { ttlSeconds }),
  });

export const removeBlock = (cidr: string) => call<CommandReply>("removeBlock", { cidr });

export const setEventStatus = (filter: EventFilter, status: EventStatus) =>
  call<{ updatedCount: number }>("updateMaliciousEventStatus", { ...filter, status });

/** A mutation after which everything on screen is asked for again. */
export function useCommand<Input, Reply>(command: (input: Input) => Promise<Reply>) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: command,
    onSettled: () => queries.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== "session" }),
  });
}
