import { call } from "../../../api/client";
import type { EventFilter, ThreatEvent } from "../../../api/types";
import { csvLine } from "../../../shared/csv";

// As many as the control plane gives at once.
const AT_ONCE = 1_000;

const COLUMNS: [name: string, value: (event: ThreatEvent) => unknown][] = [
  ["id", ({ id }) => id],
  ["detectedAt", ({ timestamp }) => new Date(timestamp * 1_000).toISOString()],
  ["severity", ({ severity }) => severity],
  ["status", ({ status }) => status],
  ["method", ({ method }) => method],
  ["host", ({ host }) => host],
  ["url", ({ url }) => url],
  ["actor", ({ actor }) => actor],
  ["country", ({ country }) => country],
  ["policy", ({ filterId }) => filterId],
  ["category", ({ category }) => category],
  ["subCategory", ({ subCategory }) => subCategory],
  ["type", ({ type }) => type],
  ["eventType", ({ eventType }) => eventType],
  ["matchCount", ({ matchCount }) => matchCount],
  ["successfulExploit", ({ successfulExploit }) => successfulExploit],
  ["blocked", ({ blocked }) => blocked],
  ["collection", ({ apiCollectionId }) => apiCollectionId],
  ["sensorId", ({ sensorId }) => sensorId],
  ["matchedAt", ({ matched = [] }) => matched.map(({ location }) => location).join(" ")],
  ["matchedText", ({ matched = [] }) => matched.map(({ phrase }) => phrase).join(" ")],
];

export const CSV_HEAD = csvLine(COLUMNS.map(([name]) => name));
export const csvRow = (event: ThreatEvent): string => csvLine(COLUMNS.map(([, value]) => value(event)));

export type Format = "csv" | "json";

/**
 * Exactly the rows that the selector lists, oldest first, as parts of a file. The selector has its times fixed, so that
 * what comes meanwhile neither joins nor moves a row from one page to another.
 */
export async function exportEvents(
  selector: EventFilter,
  format: Format,
  onProgress: (done: number, total: number) => void,
  signal: AbortSignal,
): Promise<string[]> {
  const parts: string[] = [format === "csv" ? CSV_HEAD : "[\n"];
  for (let skip = 0; ; skip += AT_ONCE) {
    const { maliciousEvents: events, total } = await call(
      "fetchSuspectSampleData",
      { ...selector, skip, limit: AT_ONCE, sort: { detectedAt: 1 } },
      signal,
    );
    const isLast = events.length < AT_ONCE || skip + events.length >= total;
    parts.push(
      format === "csv"
        ? events.map(csvRow).join("")
        : events.map((event) => JSON.stringify(event)).join(",\n") + (isLast ? "" : ",\n"),
    );
    onProgress(Math.min(skip + events.length, total), total);
    if (isLast) break;
  }
  if (format === "json") parts.push("\n]\n");
  return parts;
}
