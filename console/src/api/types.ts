/** What the REST calls take and give, from the control plane's OpenAPI document. All times are epoch seconds. */
import type { components, operations } from "./generated";

type Schemas = components["schemas"];

type WithAnswer = { responses: { 200: { content: { "application/json": unknown } } } };

/** A call whose answer is JSON, by its name. */
export type CallName = {
  [Name in keyof operations]: operations[Name] extends WithAnswer ? Name : never;
}[keyof operations];

/** What a call asks with. */
export type Asked<Name extends CallName> = operations[Name] extends {
  requestBody?: { content: { "application/json": infer Body } };
}
  ? Body
  : Record<string, never>;

/** What a call answers. */
export type Answer<Name extends CallName> = operations[Name]["responses"][200 &
  keyof operations[Name]["responses"]] extends {
  content: { "application/json": infer Body };
}
  ? Body
  : never;

export type Severity = Schemas["Severity"];
export type EventStatus = Schemas["EventStatus"];
export type EventType = Schemas["EventType"];
export type Role = Schemas["Role"];
export type Session = Answer<"whoIsLoggedIn">;
export type AuditEntry = Schemas["AuditEntry"];
/** Where a policy matched. Offsets are bytes of the original value at `location`, before any decoding. */
export type Match = Schemas["Matched"];
export type ThreatEvent = Schemas["Event"];
/** The keys that choose rows of Threat activity; the same keys choose what a bulk action touches. */
export type EventFilter = Omit<
  Asked<"fetchSuspectSampleData">,
  | "skip"
  | "limit"
  | "sort"
  | "sortBySeverity"
  | "eventIds"
  | "statusFilter"
  | "successfulExploit"
  | "searchText"
> & {
  eventIds?: string[];
  statusFilter?: EventStatus;
  successfulExploit?: boolean;
  searchText?: string;
};
/** One sample behind an event; `orig` is a JSON text, see `parseSample`. */
export type RawSample = Schemas["SampleRow"];
export type CategoryCount = Schemas["CategoryCount"];
export type ActorTotals = Answer<"getDailyThreatActorsCount">;
export type ActorActivity = Schemas["ActorActivity"];
export type Actor = Schemas["Actor"];
export type ThreatApi = Schemas["AttackedApi"];
export type Policy = Schemas["PolicyTemplate"];
/** Whether it only tells of attacks, or also blocks who makes them. */
export type PolicyMode = Schemas["PolicyMode"];
export type PolicyVersion = Schemas["PolicyVersion"];
export type TrialMatch = Schemas["TrialMatch"];
export type Trial = Answer<"testFilterYamlTemplate">;
export type SavedPolicy = Answer<"saveFilterYamlTemplate">;
/** How many sensors a command was for and how many have applied it. */
export type Applied = Schemas["SensorCoverage"];
export type Refusal = Schemas["BlockRefusal"];
export type Block = Schemas["BlockRow"];
export type Allowed = Schemas["AllowedRow"];
/** A combination that raises no events. An empty field stands for any. */
export type Suppression = Schemas["SuppressionRow"];
/** One method at one path template of a host, as the sensors learned it. */
export type Endpoint = Schemas["InventoryEndpoint"];
/** How far an order has come. */
export type CommandReply = Schemas["Settled"];
export type Sensor = Schemas["Sensor"];
/** Whether events find room, and old ones make it. */
export type StoreState = Schemas["StoreState"];
/** Something that a sensor does not see or does not guard, though it should. */
export type CoverageAlert = Schemas["CoverageAlert"];
export type GateMode = Schemas["GateMode"];
export type ThreatConfiguration = Schemas["ThreatConfiguration"];
export type CaptureRuleRow = Schemas["CaptureRuleRow"];
export type User = Schemas["User"];
export type ApiKey = Schemas["ApiKey"];
export type NotifyTarget = Schemas["NotifyTarget"];
export type NotifyKind = Schemas["TargetKind"];
export type Delivery = Schemas["NotifyAttempt"];
export type Account = Schemas["Account"];

/** The ticket of an event or an issue, in short. */
export type Ticket = Schemas["TicketRef"];
export type TicketState = Schemas["TicketState"];
export type TicketIntegration = Schemas["TicketIntegration"];
export type TrackerKind = Schemas["TrackerKind"];
/** One weakness at one place. */
export type Issue = Schemas["IssueRow"];
export type IssueDetail = Schemas["IssueDetail"];
export type IssueStatus = Schemas["IssueStatus"];
export type IssueSource = Schemas["IssueSource"];
export type IgnoreReason = Schemas["IgnoreReason"];
export type ImportedIssues = Answer<"importIssues">;
/** The keys that choose issues; the same keys choose what a bulk action touches. */
export type IssueFilter = Omit<Asked<"fetchIssues">, "skip" | "limit" | "sort">;

export interface Page {
  skip: number;
  limit: number;
}

export interface Bounds {
  startTs: number;
  endTs: number;
}
