/** The shapes of the REST contract, as far as the console reads them. All times are epoch seconds. */

export type Severity = "CRITICAL" | "HIGH" | "MEDIUM" | "LOW";
export type EventStatus = "ACTIVE" | "UNDER_REVIEW" | "IGNORED";
export type EventType = "SINGLE" | "AGGREGATED";
export type Role = "admin" | "analyst" | "viewer";

export interface Session {
  name: string;
  role: Role;
  /** How they logged in: with a password or with an API key. */
  kind: "user" | "key";
  /** Whose events they see. */
  account: string;
}

export interface AuditEntry {
  seq: number;
  at: number;
  /** What kind of somebody: user, key, command line, sensor, policy or unknown. */
  kind: string;
  who: string;
  /** An address; null on the control plane's own machine. */
  from: string | null;
  action: string;
  object: string;
  before: unknown;
  after: unknown;
}

export interface AuditPage {
  entries: AuditEntry[];
  total: number;
  next: number | null;
}

/** Where a policy matched. Offsets are bytes of the original value at `location`, before any decoding. */
export interface Match {
  location: string;
  start: number;
  end: number;
  phrase: string;
  detector: string;
}

export interface ThreatEvent {
  id: string;
  refId: string;
  actor: string;
  filterId: string;
  url: string;
  method: string;
  host: string;
  ip: string;
  country: string | null;
  timestamp: number;
  type: string;
  category: string;
  subCategory: string;
  eventType: EventType;
  successfulExploit: boolean;
  status: EventStatus;
  severity: Severity;
  apiCollectionId?: number;
  sensorId?: string | null;
  matched?: Match[];
  /** How many matches an AGGREGATED event stands for; 1 for SINGLE. */
  matchCount?: number;
  /** What in the response shows that the attack worked. */
  successEvidence?: { kind: string; at: Match | null } | null;
  blocked?: boolean;
}

/** The keys that choose rows of Threat activity; the same keys choose what a bulk action touches. */
export interface EventFilter {
  eventIds?: string[];
  ips?: string[];
  urls?: string[];
  hosts?: string[];
  method?: string[];
  apiCollectionIds?: number[];
  types?: string[];
  severity?: string[];
  subCategory?: string[];
  latestAttack?: string[];
  statusFilter?: EventStatus;
  successfulExploit?: boolean;
  searchText?: string;
  startTimestamp?: number;
  endTimestamp?: number;
}

export interface Page {
  skip: number;
  limit: number;
}

export interface EventPage {
  maliciousEvents: ThreatEvent[];
  total: number;
}

export interface FilterValues {
  ips: string[];
  urls: string[];
  hosts: string[];
  subCategory: string[];
}

/** One sample behind an event; `orig` is a JSON text, see `parseSample`. */
export interface RawSample {
  orig: string;
  metadata: string;
  ts: number;
}

export interface Bounds {
  startTs: number;
  endTs: number;
}

export interface CategoryCount {
  category: string;
  subCategory: string;
  count: number;
}

export interface TimelineDay {
  ts: number;
  subCategoryWiseData: { subcategory: string; activityCount: number }[];
}

export interface ActorTotals {
  actorsCounts: { ts: number; totalActors: number; criticalActors: number }[];
  totalAnalysed: number;
  totalAttacks: number;
  totalCriticalActors: number;
  totalActiveStatus: number;
  totalIgnoredStatus: number;
  totalUnderReviewStatus: number;
}

export interface ActorActivity {
  url: string;
  severity: Severity;
  subCategory: string;
  method: string;
  detectedAt: number;
  host?: string;
}

export interface Actor {
  id: string;
  latestApiEndpoint: string;
  latestApiMethod: string;
  latestApiHost: string;
  /** The address of the latest event, where the actor is known by an identity. */
  latestApiIp: string;
  /** What kind of network a private or reserved address is of. */
  network?: string | null;
  discoveredAt: number;
  country: string | null;
  latestAttack: string;
  activity: ActorActivity[];
  firstSeenAt: number;
  lastSeenAt: number;
  eventCount: number;
  status: "active" | "blocked";
}

export interface ThreatApi {
  api: string;
  method: string;
  host: string;
  requestsCount: number;
  actorsCount: number;
  discoveredAt: number;
}

export interface PolicyInfo {
  name: string;
  description: string | null;
  details: string | null;
  impact: string | null;
  severity: Severity;
  category: { name: string; displayName: string; shortName: string | null };
  subCategory: string;
  remediation: string | null;
  references: string[] | null;
  tags: string[] | null;
  cwe: string[] | null;
  cve: string[] | null;
}

export interface Policy {
  id: string;
  content: string;
  author: string;
  createdAt: number;
  updatedAt: number;
  info: PolicyInfo;
  /** As it came, written here, or written over one that came. */
  origin: "built-in" | "saved" | "overriding";
  inForce: boolean;
  mode: PolicyMode;
  /** `null` where nothing was saved. */
  version: number | null;
}

/** Whether it only tells of attacks, or also blocks who makes them. */
export type PolicyMode = "detect" | "block";

/** How many sensors a command was for and how many have applied it. */
export interface Applied {
  total: number;
  applied: number;
}

export interface Refusal {
  sensorId: string;
  cidr: string;
  reason: string;
}

export interface Block {
  cidr: string;
  reason: string;
  author: string;
  createdAt: number;
  expiresAt: number | null;
  revision: number;
  sensors: Applied;
  hits: { packets: number; bytes: number };
  refusals?: Refusal[];
}

export interface BlockPage {
  blocks: Block[];
  total: number;
  next?: unknown;
}

/** One method at one path template of a host, as the sensors learned it. */
export interface Endpoint {
  method: string;
  host: string;
  template: string;
  firstSeen: number;
  lastSeen: number;
  requests: number;
  statuses: Record<string, number>;
  parameters: { location: string; name: string; types: string[]; seen: number; share: number }[];
  parametersLeftOut: number;
  auth: Record<string, number>;
  requestTypes: string[];
  responseTypes: string[];
  sensitiveInRequests: string[];
  sensitiveInResponses: string[];
}

export interface CommandReply {
  revision: number;
  sensors: Applied;
  refusals?: Refusal[];
}

export interface SensorInterface {
  name: string;
  gate: string;
  tap: string;
  note: string;
}

export interface Sensor {
  id: string;
  node: string;
  version: string;
  captureMode: string;
  enforcementMode: string;
  interfaces: SensorInterface[];
  connected: boolean;
  appliedRevision: number;
  lastSeen: number | null;
  enrolledAt: number;
  startedAt: number | null;
  /** Shut out since; `null` where it is not. */
  revokedAt: number | null;
  /** `null` where it comes without a certificate, over loopback. */
  certifiedUntil: number | null;
  clockSkewMs: number | null;
  /** `null` where nothing is guarded. */
  gateMode: "enforce" | "monitor" | null;
  automaticBlocking: { mode: string; reason: string; trippedSeconds: number | null } | null;
  /** What it was told and could not do. */
  refused: { what: string; reason: string; revision: number }[];
  ingest: { rejected: number; lastRejection: string | null };
  coverageAlerts: CoverageAlert[];
  /** Of what each counter gained a second, lately. */
  rates: Record<string, number>;
  counters: Record<string, number>;
}

/** Something that a sensor does not see or does not guard, though it should. */
export interface CoverageAlert {
  id: number;
  sensorId: string;
  node: string;
  kind: string;
  subject: string;
  severity: Severity;
  detail: string;
  openedAt: number;
  closedAt: number | null;
}
