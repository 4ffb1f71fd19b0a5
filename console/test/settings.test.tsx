import { screen, waitFor, within } from "@testing-library/react";
import { expect, test } from "vitest";
import { openConsole } from "./app";
import { answering, refused } from "./control-plane";

const TARGET = {
  ...{ name: "siem", kind: "webhook", address: "https://siem.example:443", severity: [], enabled: true },
  ...{ queued: 0, delivered: 7, failed: 1, givenUp: 0, dropped: 0, failures: 0, nextAttemptAt: null },
};

test("an admin adds a user, and hears why a password does not do", async () => {
  const asked: object[] = [];
  answering({
    fetchUsers: () => ({ users: [] }),
    addUser: (request) => {
      asked.push(request);
      return asked.length === 1 ? refused("password: has fewer than 15 characters") : { user: {} };
    },
  });
  const { user } = openConsole("/settings");
  await user.click(await screen.findByRole("button", { name: "Add a user" }));
  const dialog = await screen.findByRole("dialog", { name: "Add a user" });
  await user.type(within(dialog).getByLabelText(/^Name/), "grace");
  await user.type(within(dialog).getByLabelText(/^First password/), "short");
  await user.click(within(dialog).getByRole("button", { name: "Add" }));
  expect(await within(dialog).findByText("password: has fewer than 15 characters")).toBeTruthy();
  await user.click(within(dialog).getByRole("button", { name: "Add" }));
  await waitFor(() => expect(screen.queryByRole("dialog", { name: "Add a user" })).toBeNull());
  expect(asked[1]).toEqual({ name: "grace", role: "analyst", password: "short" });
});

test("a new key is shown once, with an end where nobody says otherwise", async () => {
  let asked: object | undefined;
  answering({
    fetchKeys: () => ({ keys: [] }),
    addKey: (request) => {
      asked = request;
      return { key: "pck_secret", id: "1" };
    },
  });
  const { user } = openConsole("/settings?tab=keys");
  await user.click(await screen.findByRole("button", { name: "Make a key" }));
  await user.type(await screen.findByLabelText(/^Whose it is/), "nightly");
  await user.click(screen.getByRole("button", { name: "Make" }));
  expect(await screen.findByText("pck_secret")).toBeTruthy();
  expect(asked).toEqual({ name: "nightly", role: "viewer", ttlSeconds: 7_776_000 });
});

test("a target's test says what the other side said", async () => {
  answering({
    fetchNotifyTargets: () => ({ targets: [TARGET] }),
    fetchNotifyLog: () => ({ entries: [] }),
    testNotifyTarget: ({ name }) => ({
      name,
      delivered: false,
      detail: "status 401 Unauthorized",
      tookMs: 12,
    }),
  });
  const { user } = openConsole("/settings?tab=notifications");
  await user.click(await screen.findByRole("button", { name: "Test" }));
  expect(await screen.findByText("siem did not take the test")).toBeTruthy();
  expect(screen.getByText("status 401 Unauthorized")).toBeTruthy();
});

test("what cannot be taken back is asked twice", async () => {
  let removed: object | undefined;
  answering({
    fetchNotifyTargets: () => ({ targets: [TARGET] }),
    fetchNotifyLog: () => ({ entries: [] }),
    removeNotifyTarget: (request) => {
      removed = request;
      return { name: "siem" };
    },
  });
  const { user } = openConsole("/settings?tab=notifications");
  await user.click(await screen.findByRole("button", { name: "Remove" }));
  expect(removed).toBeUndefined();
  await user.click((await screen.findAllByRole("button", { name: "Remove" })).at(-1) as HTMLElement);
  await waitFor(() => expect(removed).toEqual({ name: "siem" }));
});

test("whoever is no admin sees notifications, and nothing to change", async () => {
  answering(
    { fetchNotifyTargets: () => ({ targets: [TARGET] }), fetchNotifyLog: () => ({ entries: [] }) },
    "viewer",
  );
  openConsole("/settings");
  expect(await screen.findByText("siem")).toBeTruthy();
  expect(screen.queryByRole("tab", { name: "Users" })).toBeNull();
  expect(screen.queryByRole("button", { name: "Test" })).toBeNull();
});

test("a block list is read on beyond its first page, and searched", async () => {
  const asked: Record<string, unknown>[] = [];
  const block = (cidr: string) => ({
    ...{ cidr, reason: "", author: "ada", createdAt: 1, expiresAt: null, revision: 1 },
    ...{ sensors: { total: 1, applied: 1 }, hits: { packets: 0, bytes: 0 } },
  });
  answering({
    fetchBlocklist: (request) => {
      asked.push(request);
      return request["cursor"]
        ? { blocks: [block("198.51.100.7/32")], total: 1_500, next: null }
        : { blocks: [block("203.0.113.9/32")], total: 1_500, next: "after" };
    },
  });
  const { user } = openConsole("/blocklist");
  await user.click(await screen.findByRole("button", { name: "More of 1,500" }));
  expect(await screen.findByText("198.51.100.7/32")).toBeTruthy();
  expect(screen.getByText("203.0.113.9/32")).toBeTruthy();
  await user.type(screen.getByLabelText("Search address, reason, who"), "scan");
  await waitFor(() => expect(asked.at(-1)).toMatchObject({ search: "scan" }));
});

test("the inventory is sorted and searched where all of it is", async () => {
  const asked: Record<string, unknown>[] = [];
  const endpoint = {
    ...{
      method: "GET",
      host: "shop.example",
      template: "/items/{id}",
      firstSeen: 1,
      lastSeen: 2,
      requests: 5,
    },
    ...{ statuses: {}, parameters: [], parametersLeftOut: 0, auth: { bearer: 5 }, requestTypes: [] },
    ...{ responseTypes: [], sensitiveInRequests: [], sensitiveInResponses: ["email"] },
  };
  answering({
    fetchInventory: (request) => {
      asked.push(request);
      return { endpoints: [endpoint], total: 1 };
    },
  });
  const { user, address } = openConsole("/inventory");
  expect(await screen.findByText("/items/{id}")).toBeTruthy();
  await user.click(screen.getByRole("button", { name: "Requests" }));
  await waitFor(() => expect(asked.at(-1)?.["sort"]).toEqual({ requests: -1 }));
  await user.type(screen.getByLabelText("Search host and path"), "items");
  await waitFor(() => expect(address()).toContain("q=items"));
  await waitFor(() => expect(asked.at(-1)?.["searchText"]).toBe("items"));
});
