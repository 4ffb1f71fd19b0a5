import { HttpResponse, http } from "msw";
import { setupServer } from "msw/node";
import type { ThreatEvent } from "../src/api/types";

/** Stands in for the control plane; a test says which answers it needs. */
export const controlPlane = setupServer();

type Answer = (request: Record<string, unknown>) => object | Response;

/** A console that is logged in, with an empty control plane behind it but for these answers. */
export function answering(answers: Record<string, Answer>, role = "admin", kind = "key"): void {
  controlPlane.use(
    http.get("*/session", () => HttpResponse.json({ name: "ada", role, kind })),
    http.get("*/session/ways", () => HttpResponse.json({ oidc: null })),
    http.post("*/api/:name", async ({ params, request }) => {
      if (request.headers.get("x-portcullis-request") !== "1") return new HttpResponse(null, { status: 401 });
      const answer = answers[String(params["name"])] ?? EMPTY[String(params["name"])];
      if (!answer) throw new Error(`a call that the control plane does not have: ${String(params["name"])}`);
      const reply = answer((await request.json()) as Record<string, unknown>);
      return reply instanceof Response ? reply : HttpResponse.json(reply);
    }),
  );
}

/** What the control plane says when it refuses. */
export const refused = (...actionErrors: string[]) => HttpResponse.json({ actionErrors }, { status: 422 });

const EMPTY: Record<string, Answer> = {
  fetchSuspectSampleData: () => ({ maliciousEvents: [], total: 0 }),
  fetchFiltersThreatTable: () => ({ ips: [], urls: [], hosts: [], subCategory: [] }),
  fetchAggregateMaliciousRequests: () => ({ maliciousPayloadsResponses: [] }),
  fetchFilterYamlTemplate: () => ({ templates: [], content: null }),
  fetchGateMode: () => ({ mode: null }),
  fetchSensors: () => ({ sensors: [], revision: 0 }),
  fetchCountBySeverity: () => ({ categoryCounts: [] }),
  fetchThreatCategoryCount: () => ({ categoryCounts: [] }),
  getThreatActivityTimeline: () => ({ threatActivityTimelines: [] }),
  getDailyThreatActorsCount: () => ({ actorsCounts: [], totalAnalysed: 0, totalAttacks: 0 }),
  getActorsCountPerCountry: () => ({ actorsCountPerCountry: [] }),
  fetchThreatActors: () => ({ actors: [], total: 0 }),
  fetchThreatApis: () => ({ apis: [], total: 0 }),
  fetchAudit: () => ({ entries: [], total: 0, next: null }),
  fetchAccounts: () => ({ accounts: [], total: 0 }),
  fetchVniMapping: () => ({ yaml: "" }),
  fetchSuppressions: () => ({ suppressions: [], total: 0 }),
  fetchTicketIntegrations: () => ({ integrations: [], total: 0 }),
  fetchIssues: () => ({ issues: [], total: 0, counts: { open: 0, fixed: 0, ignored: 0 } }),
  fetchAllowed: () => ({ allowed: [], total: 0 }),
  fetchCaptureRules: () => ({ rules: [], total: 0 }),
  fetchCoverageAlerts: () => ({ alerts: [], open: 0 }),
  fetchBlocklist: () => ({ blocks: [], total: 0 }),
};

export const EVENT: ThreatEvent = {
  id: "e1",
  refId: "r1",
  actor: "203.0.113.9",
  ip: "203.0.113.9",
  country: "FR",
  filterId: "CrossSiteScripting",
  category: "XSS",
  subCategory: "XSS",
  method: "GET",
  url: "/<img src=x onerror=alert(1)>",
  host: "shop.example",
  timestamp: 1_764_000_000,
  type: "Rule-Based",
  eventType: "SINGLE",
  successfulExploit: false,
  status: "ACTIVE",
  severity: "HIGH",
  blocked: false,
  apiCollectionId: 0,
  automaticBlock: null,
  jiraTicketUrl: null,
  ticket: null,
  lastDetectedAt: 1_764_000_000,
  matchCount: 1,
  metadata: "",
  network: "documentation",
  payload: "",
  sensorId: "s1",
  successEvidence: null,
  matched: [{ location: "query.q", start: 0, end: 8, phrase: "<script>", detector: "xss" }],
};
