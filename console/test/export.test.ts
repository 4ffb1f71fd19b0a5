import { expect, test } from "vitest";
import { CSV_HEAD, csvRow, exportEvents } from "../src/pages/activity/bulk/export";
import { answering, EVENT } from "./control-plane";

const many = Array.from({ length: 2_300 }, (_, index) => ({ ...EVENT, id: `e${index}` }));

function serving(events: object[]) {
  const asked: Record<string, unknown>[] = [];
  answering({
    fetchSuspectSampleData: (request) => {
      asked.push(request);
      const { skip, limit } = request as { skip: number; limit: number };
      return { maliciousEvents: events.slice(skip, skip + limit), total: events.length };
    },
  });
  return asked;
}

const never = new AbortController().signal;

test("an export has every row of the filter once, page by page, oldest first", async () => {
  const asked = serving(many);
  const steps: number[] = [];
  const filter = { severity: ["HIGH"], startTimestamp: 1, endTimestamp: 2 };
  const parts = await exportEvents(filter, "json", (done) => steps.push(done), never);
  const ids = (JSON.parse(parts.join("")) as { id: string }[]).map(({ id }) => id);
  expect(ids).toEqual(many.map(({ id }) => id));
  expect(asked[2]).toEqual({ ...filter, skip: 2_000, limit: 1_000, sort: { detectedAt: 1 } });
  expect(steps).toEqual([1_000, 2_000, 2_300]);
});

test("a page that is full and the last one ends the list where it ends", async () => {
  serving(many.slice(0, 1_000));
  const parts = await exportEvents({}, "json", () => {}, never);
  expect(JSON.parse(parts.join(""))).toHaveLength(1_000);
});

test("nothing to export is an empty list and a heading", async () => {
  serving([]);
  expect(JSON.parse((await exportEvents({}, "json", () => {}, never)).join(""))).toEqual([]);
  expect(await exportEvents({}, "csv", () => {}, never)).toEqual([CSV_HEAD, ""]);
});

test("what an attacker wrote is no formula in the sheet", () => {
  const row = csvRow({ ...EVENT, url: "=HYPERLINK(1)", host: "@SUM(1)", timestamp: 0 });
  expect(row).toContain('"\'=HYPERLINK(1)"');
  expect(row).toContain('"\'@SUM(1)"');
  expect(row).toContain("1970-01-01T00:00:00.000Z");
});
