import { queryOptions } from "@tanstack/react-query";
import { call } from "./client";
import type { Role, Severity } from "./types";

export const ROLES = ["viewer", "analyst", "admin"] as const satisfies Role[];

export interface User {
  name: string;
  role: Role;
  createdAt: number;
  lastLogInAt: number | null;
  disabledAt: number | null;
  sessions: number;
}

export interface ApiKey {
  id: string;
  name: string;
  role: Role;
  createdAt: number;
  createdBy: string;
  lastUsedAt: number | null;
  expiresAt: number | null;
  revokedAt: number | null;
}

export const KINDS = ["webhook", "slack", "syslog", "splunk", "otlp"] as const;
export type Kind = (typeof KINDS)[number];

export interface NotifyTarget {
  name: string;
  kind: Kind;
  address: string;
  severity: Severity[];
  enabled: boolean;
  queued: number;
  delivered: number;
  failed: number;
  givenUp: number;
  dropped: number;
  failures: number;
  nextAttemptAt: number | null;
}

export interface Delivery {
  seq: number;
  name: string;
  at: number;
  count: number;
  attempt: number;
  isTest: boolean;
  outcome: string;
  detail: string;
  tookMs: number;
}

const REFRESH_MS = 10_000;

export const usersQuery = queryOptions({
  queryKey: ["users"],
  queryFn: async ({ signal }) => (await call<{ users: User[] }>("fetchUsers", {}, signal)).users,
  refetchInterval: REFRESH_MS,
});

export const keysQuery = queryOptions({
  queryKey: ["keys"],
  queryFn: async ({ signal }) => (await call<{ keys: ApiKey[] }>("fetchKeys", {}, signal)).keys,
  refetchInterval: REFRESH_MS,
});

export const targetsQuery = queryOptions({
  queryKey: ["targets"],
  queryFn: async ({ signal }) =>
    (await call<{ targets: NotifyTarget[] }>("fetchNotifyTargets", {}, signal)).targets,
  refetchInterval: REFRESH_MS,
});

export const deliveriesQuery = queryOptions({
  queryKey: ["deliveries"],
  queryFn: async ({ signal }) =>
    (await call<{ entries: Delivery[] }>("fetchNotifyLog", { limit: 50 }, signal)).entries,
  refetchInterval: REFRESH_MS,
});

export const addUser = (user: { name: string; role: Role; password: string }) => call("addUser", user);
export const modifyUser = (change: { name: string; role?: Role; disabled?: boolean }) =>
  call("modifyUser", change);
export const removeUser = (name: string) => call("removeUser", { name });

export const addKey = (key: { name: string; role: Role; ttlSeconds?: number }) =>
  call<{ key: string }>("addKey", key);
export const revokeKey = (id: string) => call("revokeKey", { id });

export const addTarget = (target: {
  name: string;
  kind: Kind;
  url: string;
  secret?: string;
  severity: string[];
}) => call<{ secret?: string | null }>("addNotifyTarget", target);
export const setTargetEnabled = (change: { name: string; enabled: boolean }) =>
  call("modifyNotifyTarget", change);
export const removeTarget = (name: string) => call("removeNotifyTarget", { name });
export const testTarget = (name: string) =>
  call<{ delivered: boolean; detail: string; tookMs: number }>("testNotifyTarget", { name });
