import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { call } from "./client";
import { REFRESH_MS } from "./queries";
import type { GateMode } from "./types";

export const sensorsQuery = queryOptions({
  queryKey: ["sensors"],
  queryFn: ({ signal }) => call("fetchSensors", {}, signal),
  refetchInterval: REFRESH_MS,
  placeholderData: keepPreviousData,
});

export const revokeSensor = (id: string) => call("revokeSensor", { id });

const ALERTS = 100;

/** Those that are over, too, the newest first. */
export const alertsQuery = queryOptions({
  queryKey: ["coverage-alerts"],
  queryFn: async ({ signal }) =>
    (await call("fetchCoverageAlerts", { closed: true, limit: ALERTS }, signal)).alerts,
  refetchInterval: REFRESH_MS,
});

export const acceptAlert = (id: number) => call("acceptCoverageAlert", { id });

/** `null` where nobody has set it: then each sensor does as it was started. */
export const gateModeQuery = queryOptions({
  queryKey: ["gate-mode"],
  queryFn: async ({ signal }) => (await call("fetchGateMode", {}, signal)).mode,
});

export const setGateMode = (mode: GateMode) => call("setGateMode", { mode });
export const armAutomaticBlocking = (node: string) => call("armAutomaticBlocking", { node });
