import { queryOptions } from "@tanstack/react-query";
import { call } from "./client";
import type { CaptureRuleRow, CommandReply, ThreatConfiguration } from "./types";

/** What is `null` or empty leaves each sensor as it was started. */
export type Configuration = ThreatConfiguration;
export type TrustedProxies = NonNullable<Configuration["trustedProxies"]>;
export type IdentityRule = Configuration["actorIdentity"][number];
export type RateLimit = Configuration["rateLimits"][number];
export type Enumeration = NonNullable<Configuration["enumeration"]>;
export type Redaction = Configuration["redaction"];

export const PROXY_HEADERS = [
  "auto",
  "x-forwarded-for",
  "forwarded",
] as const satisfies TrustedProxies["header"][];
export const NO_PROXIES: TrustedProxies = { cidrs: [], header: "auto" };
export const IDENTITY_SOURCES = ["header", "cookie", "jwtClaim"] as const satisfies IdentityRule["source"][];

export const configurationQuery = queryOptions({
  queryKey: ["configuration"],
  queryFn: ({ signal }) => call("fetchThreatConfiguration", {}, signal),
});

/** Sets one part. One that is to be empty takes the others along, since only a whole document can lack a part. */
export async function setPart<Part extends keyof Configuration>(
  part: Part,
  value: Configuration[Part],
): Promise<CommandReply> {
  if (value !== null) return call("modifyThreatConfiguration", { [part]: value });
  const { configuration } = await call("fetchThreatConfiguration", {});
  return call("modifyThreatConfiguration", { ...configuration, [part]: null, replace: true });
}

export type CaptureRule = Pick<CaptureRuleRow, "cidr" | "port" | "mode" | "reason">;
export const CAPTURE_MODES = ["full", "headers", "off"] as const satisfies CaptureRule["mode"][];

export const captureRulesQuery = queryOptions({
  queryKey: ["capture-rules"],
  queryFn: async ({ signal }): Promise<CaptureRule[]> => (await call("fetchCaptureRules", {}, signal)).rules,
});

export const setCaptureRules = (rules: CaptureRule[]) =>
  call("setCaptureRules", {
    rules: rules.map(({ cidr, port, mode, reason }) => ({
      ...{ mode, reason },
      ...(cidr ? { cidr } : {}),
      ...(port === null ? {} : { port }),
    })),
  });
