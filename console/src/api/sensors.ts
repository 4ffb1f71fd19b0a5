import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { call } from "./client";
import { REFRESH_MS } from "./queries";
import type { CommandReply, CoverageAlert, Sensor } from "./types";

/** Whether the disk has room for what sensors send; anything but `ok` makes them wait. */
export interface StoreState {
  state: string;
  note: string;
  freeBytes: number | null;
}

export interface Fleet {
  sensors: Sensor[];
  revision: number;
  store?: StoreState;
}

export const sensorsQuery = queryOptions({
  queryKey: ["sensors"],
  queryFn: ({ signal }) => call<Fleet>("fetchSensors", {}, signal),
  refetchInterval: REFRESH_MS,
  placeholderData: keepPreviousData,
});

export const revokeSensor = (id: string) => call("revokeSensor", { id });

const ALERTS = 100;

/** Those that are over, too, the newest first. */
export const alertsQuery = queryOptions({
  queryKey: ["coverage-alerts"],
  queryFn: async ({ signal }) =>
    (await call<{ alerts: CoverageAlert[] }>("fetchCoverageAlerts", { closed: true, limit: ALERTS }, signal))
      .alerts,
  refetchInterval: REFRESH_MS,
});

export const acceptAlert = (id: number) => call("acceptCoverageAlert", { id });

export type GateMode = "enforce" | "monitor";

/** `null` where nobody has set it: then each sensor does as it was started. */
export const gateModeQuery = queryOptions({
  queryKey: ["gate-mode"],
  queryFn: async ({ signal }) => (await call<{ mode: GateMode | null }>("fetchGateMode", {}, signal)).mode,
});

export const setGateMode = (mode: GateMode) => call<CommandReply>("setGateMode", { mode });
export const armAutomaticBlocking = (node: string) => call<CommandReply>("armAutomaticBlocking", { node });
