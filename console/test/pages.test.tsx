import { screen, waitFor, within } from "@testing-library/react";
import { expect, test } from "vitest";
import type { Actor } from "../src/api/types";
import { openConsole } from "./app";
import { answering } from "./control-plane";

const STORE = {
  ...{
    state: "ok",
    note: "",
    freeBytes: 1 << 30,
    keptFreeBytes: 1 << 28,
    batchesFailed: 0,
    batchesRefused: 0,
  },
  retention: { daysDropped: 0, eventsDropped: 0, failures: 0, note: "" },
};

test("little room and old events that stay are said, and only a full store takes no events", async () => {
  const retention = { ...STORE.retention, failures: 3, note: "the export failed: no space" };
  answering({
    fetchSensors: () => ({ sensors: [], revision: 0, store: { ...STORE, state: "low", retention } }),
  });
  openConsole("/sensors");
  expect(await screen.findByText("Room for events gets little")).toBeTruthy();
  expect(screen.getByText(/1\.0 GiB are free/)).toBeTruthy();
  expect(screen.getByText("the export failed: no space")).toBeTruthy();
  expect(screen.queryByText("The control plane takes no events")).toBeNull();
});

test("a suppression is lifted, and what it held back is told", async () => {
  let lifted: object | undefined;
  const suppression = {
    ...{ id: "s1", filterId: "XSS", actor: "", host: "", method: "", url: "", reason: "our scanner" },
    ...{
      author: "ada",
      createdAt: 1_764_000_000,
      expiresAt: null,
      hits: 12,
      sensorHits: 10,
      lastHitAt: null,
    },
  };
  answering({
    fetchSuppressions: () => ({ suppressions: [suppression], total: 1 }),
    removeSuppression: (request) => {
      lifted = request;
      return { revision: 1 };
    },
  });
  const { user } = openConsole("/suppressions");
  const row = (await screen.findByText("our scanner")).closest("tr") as HTMLElement;
  expect(within(row).getByText("any actor")).toBeTruthy();
  expect(within(row).getByText("12").getAttribute("title")).toBe("10 of them on sensors");
  await user.click(within(row).getByRole("button", { name: "Lift" }));
  await waitFor(() => expect(lifted).toEqual({ id: "s1" }));
});

test("an actor's story names what they tried where, and leads to it", async () => {
  const attempt = {
    ...{ url: "/users/1", severity: "HIGH", subCategory: "BOLA", detectedAt: 1_764_000_000 },
    ...{ method: "GET", host: "shop.example", metadata: "" },
  };
  const actor: Actor = {
    ...{ id: "203.0.113.9", latestApiIp: "203.0.113.9", country: "", network: "documentation" },
    ...{
      eventCount: 2,
      activity: [],
      discoveredAt: 1_764_000_000,
      firstSeenAt: 1_764_000_000,
      lastSeenAt: 1_764_000_100,
      status: "active",
    },
    ...{
      latestAttack: "BOLA",
      latestApiEndpoint: "/users/1",
      latestApiMethod: "GET",
      latestApiHost: "shop.example",
    },
  };
  answering({
    fetchThreatActors: () => ({ actors: [actor], total: 1 }),
    fetchThreatsForActor: () => ({ actorActivities: [attempt, { ...attempt, url: "/users/2" }] }),
  });
  openConsole("/actors/203.0.113.9");
  const endpoints = await screen.findByRole("region", { name: "Endpoints" });
  const link = await within(endpoints).findByRole("link", { name: /users\/2/ });
  expect(decodeURIComponent(link.getAttribute("href") ?? "")).toContain('actor=["203.0.113.9"]');
});
