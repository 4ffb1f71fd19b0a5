import { queryOptions } from "@tanstack/react-query";
import { call } from "./client";
import type { CommandReply } from "./types";

export const PROXY_HEADERS = ["auto", "x-forwarded-for", "forwarded"] as const;
export interface TrustedProxies {
  cidrs: string[];
  header: (typeof PROXY_HEADERS)[number];
}

export const IDENTITY_SOURCES = ["header", "cookie", "jwtClaim"] as const;
export interface IdentityRule {
  source: (typeof IDENTITY_SOURCES)[number];
  name: string;
}

export interface RateLimit {
  name: string;
  methods: string[];
  path: string;
  requests: number;
  windowMinutes: number;
  perEndpoint: boolean;
  block: boolean;
}

export interface Enumeration {
  distinct: number;
  windowMinutes: number;
}

export interface Redaction {
  headers: string[];
  fields: string[];
  patterns: string[];
}

/** What is `null` or empty leaves each sensor as it was started. */
export interface Configuration {
  trustedProxies: TrustedProxies | null;
  actorIdentity: IdentityRule[];
  rateLimits: RateLimit[];
  enumeration: Enumeration | null;
  retentionDays: number | null;
  redaction: Redaction;
}

export interface ConfigurationPage {
  configuration: Configuration;
  author: string | null;
  updatedAt: number | null;
  revision: number | null;
}

export const configurationQuery = queryOptions({
  queryKey: ["configuration"],
  queryFn: ({ signal }) => call<ConfigurationPage>("fetchThreatConfiguration", {}, signal),
});

/** Sets one part. One that is to be empty takes the others along, since only a whole document can lack a part. */
export async function setPart<Part extends keyof Configuration>(
  part: Part,
  value: Configuration[Part],
): Promise<CommandReply> {
  if (value !== null) return call<CommandReply>("modifyThreatConfiguration", { [part]: value });
  const { configuration } = await call<ConfigurationPage>("fetchThreatConfiguration");
  return call<CommandReply>("modifyThreatConfiguration", { ...configuration, [part]: null, replace: true });
}

export const CAPTURE_MODES = ["full", "headers", "off"] as const;
export interface CaptureRule {
  cidr: string | null;
  port: number | null;
  mode: (typeof CAPTURE_MODES)[number];
  reason: string;
}

export const captureRulesQuery = queryOptions({
  queryKey: ["capture-rules"],
  queryFn: async ({ signal }) =>
    (await call<{ rules: CaptureRule[] }>("fetchCaptureRules", {}, signal)).rules,
});

export const setCaptureRules = (rules: CaptureRule[]) =>
  call<CommandReply>("setCaptureRules", {
    rules: rules.map(({ cidr, port, mode, reason }) => ({
      ...{ mode, reason },
      ...(cidr ? { cidr } : {}),
      ...(port === null ? {} : { port }),
    })),
  });
