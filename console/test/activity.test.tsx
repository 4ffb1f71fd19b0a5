import { screen, waitFor, within } from "@testing-library/react";
import { beforeEach, expect, test } from "vitest";
import type { ThreatEvent } from "../src/api/types";
import { openConsole } from "./app";
import { answering, EVENT } from "./control-plane";

const TOTAL = 100_000;
const eventAt = (index: number): ThreatEvent => ({
  ...EVENT,
  id: `e${index}`,
  url: `/item/${index}`,
  timestamp: EVENT.timestamp - index,
});

/** A list of that many events, and what was asked of it. */
function listing(total: number, answers: Parameters<typeof answering>[0] = {}, role = "admin") {
  const asked: Record<string, unknown>[] = [];
  answering(
    {
      fetchSuspectSampleData: (request) => {
        asked.push(request);
        const { skip = 0, limit = 50 } = request as { skip?: number; limit?: number };
        const size = Math.max(0, Math.min(limit, total - skip));
        return { maliciousEvents: Array.from({ length: size }, (_, place) => eventAt(skip + place)), total };
      },
      ...answers,
    },
    role,
  );
  return asked;
}

beforeEach(() => localStorage.clear());

test("of a hundred thousand events only those in view exist, and only their page is asked for", async () => {
  const asked = listing(TOTAL);
  openConsole("/activity");
  expect(await screen.findByText("/item/0")).toBeTruthy();
  const table = screen.getByRole("table", { name: "Threat activity" });
  expect(table.getAttribute("aria-rowcount")).toBe(String(TOTAL + 1));
  expect(within(table).getAllByRole("row").length).toBeLessThan(60);
  expect(Math.max(...asked.map(({ limit }) => Number(limit)))).toBeLessThanOrEqual(50);
});

test("rows ticked one by one are moved by their ids, with those between two ticks under shift", async () => {
  let moved: object | undefined;
  listing(300, {
    updateMaliciousEventStatus: (request) => {
      moved = request;
      return { updatedCount: 3 };
    },
  });
  const { user } = openConsole("/activity");
  const boxes = await screen.findAllByRole("checkbox", { name: /^Choose CrossSiteScripting/ });
  await user.click(boxes[1] as HTMLElement);
  await user.keyboard("{Shift>}");
  await user.click(boxes[3] as HTMLElement);
  await user.keyboard("{/Shift}");
  expect(await screen.findByText("3 chosen")).toBeTruthy();
  await user.click(screen.getByRole("button", { name: "Mark for review" }));
  await waitFor(() => expect(moved).toEqual({ eventIds: ["e1", "e2", "e3"], status: "UNDER_REVIEW" }));
  await waitFor(() => expect(screen.queryByText("3 chosen")).toBeNull());
});

test("all that a filter lists is ignored by that filter, with its times fixed and a reason", async () => {
  let ignored: Record<string, unknown> = {};
  listing(TOTAL, {
    updateMaliciousEventStatus: (request) => {
      ignored = request;
      return { updatedCount: TOTAL };
    },
  });
  const { user } = openConsole("/activity?severity=%5B%22HIGH%22%5D&range=24h");
  await user.click(await screen.findByRole("checkbox", { name: "Choose all rows shown" }));
  await user.click(await screen.findByRole("button", { name: "Choose all 100,000" }));
  expect(await screen.findByText("100,000 chosen")).toBeTruthy();
  await user.click(screen.getByRole("button", { name: "Ignore…" }));
  await user.type(await screen.findByLabelText(/^Reason/), "load test");
  await user.click(screen.getByRole("button", { name: "Ignore 100,000 events" }));
  await waitFor(() =>
    expect(ignored).toMatchObject({
      severity: ["HIGH"],
      statusFilter: "ACTIVE",
      status: "IGNORED",
      reason: "load test",
    }),
  );
  const now = Date.now() / 1_000;
  expect(Number(ignored["endTimestamp"])).toBeLessThanOrEqual(Math.max(now, EVENT.timestamp));
  expect(now - Number(ignored["startTimestamp"])).toBeLessThan(86_400 + 60);
});

test("deleting asks first, and is offered to admins alone", async () => {
  let deleted: object | undefined;
  listing(5, {
    deleteMaliciousEvents: (request) => {
      deleted = request;
      return { deletedCount: 1 };
    },
  });
  const { user } = openConsole("/activity");
  await user.click((await screen.findAllByRole("checkbox", { name: /^Choose Cross/ }))[0] as HTMLElement);
  await user.click(await screen.findByRole("button", { name: "Delete…" }));
  expect(deleted).toBeUndefined();
  await user.click(await screen.findByRole("button", { name: "Delete 1 event" }));
  await waitFor(() => expect(deleted).toEqual({ eventIds: ["e0"] }));
});

test("an analyst is not offered to delete, and a viewer nothing to tick", async () => {
  listing(5, {}, "analyst");
  const { user } = openConsole("/activity");
  await user.click((await screen.findAllByRole("checkbox", { name: /^Choose Cross/ }))[0] as HTMLElement);
  expect(await screen.findByRole("button", { name: "Ignore…" })).toBeTruthy();
  expect(screen.queryByRole("button", { name: "Delete…" })).toBeNull();
});

test("a view is saved under a name, and its address comes back with one click", async () => {
  listing(5);
  const { user, address } = openConsole("/activity?severity=%5B%22HIGH%22%5D&tab=review");
  await user.click(await screen.findByRole("button", { name: "Views" }));
  await user.click(await screen.findByRole("menuitem", { name: "Save these filters…" }));
  await user.type(await screen.findByLabelText(/^Name/), "High in review");
  await user.click(screen.getByRole("button", { name: "Save" }));
  await user.click(await screen.findByRole("button", { name: "Clear" }));
  await user.click(screen.getByRole("tab", { name: /^Active/ }));
  await waitFor(() => expect(address()).toBe("/activity"));
  await user.click(screen.getByRole("button", { name: "Views" }));
  await user.click(await screen.findByRole("menuitem", { name: "High in review" }));
  await waitFor(() => expect(decodeURIComponent(address())).toContain('severity=["HIGH"]'));
  expect(address()).toContain("tab=review");
});

test("method, type and collection are filters, too", async () => {
  const asked = listing(5);
  openConsole("/activity?method=%5B%22POST%22%5D&type=%5B%22Anomaly%22%5D&collection=%5B1001%5D");
  await screen.findByText("/item/0");
  expect(asked[0]).toMatchObject({ method: ["POST"], types: ["Anomaly"], apiCollectionIds: [1001] });
});
