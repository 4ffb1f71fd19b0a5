import { queryOptions } from "@tanstack/react-query";
import { call } from "./client";
import type { NotifyKind, Role } from "./types";

export const ROLES = ["viewer", "analyst", "admin"] as const satisfies Role[];

export const KINDS = ["webhook", "slack", "syslog", "splunk", "otlp"] as const satisfies NotifyKind[];

const REFRESH_MS = 10_000;

export const usersQuery = queryOptions({
  queryKey: ["users"],
  queryFn: async ({ signal }) => (await call("fetchUsers", {}, signal)).users,
  refetchInterval: REFRESH_MS,
});

export const keysQuery = queryOptions({
  queryKey: ["keys"],
  queryFn: async ({ signal }) => (await call("fetchKeys", {}, signal)).keys,
  refetchInterval: REFRESH_MS,
});

export const targetsQuery = queryOptions({
  queryKey: ["targets"],
  queryFn: async ({ signal }) => (await call("fetchNotifyTargets", {}, signal)).targets,
  refetchInterval: REFRESH_MS,
});

export const deliveriesQuery = queryOptions({
  queryKey: ["deliveries"],
  queryFn: async ({ signal }) => (await call("fetchNotifyLog", { limit: 50 }, signal)).entries,
  refetchInterval: REFRESH_MS,
});

export const addUser = (user: { name: string; role: Role; password: string }) => call("addUser", user);
export const modifyUser = (change: { name: string; role?: Role; disabled?: boolean }) =>
  call("modifyUser", change);
export const removeUser = (name: string) => call("removeUser", { name });

export const addKey = (key: { name: string; role: Role; ttlSeconds?: number }) => call("addKey", key);
export const revokeKey = (id: string) => call("revokeKey", { id });

export const addTarget = (target: {
  name: string;
  kind: NotifyKind;
  url: string;
  secret?: string;
  severity: string[];
}) => call("addNotifyTarget", target);
export const setTargetEnabled = (change: { name: string; enabled: boolean }) =>
  call("modifyNotifyTarget", change);
export const removeTarget = (name: string) => call("removeNotifyTarget", { name });
export const testTarget = (name: string) => call("testNotifyTarget", { name });
