import { screen, waitFor, within } from "@testing-library/react";
import { HttpResponse, http } from "msw";
import { expect, test } from "vitest";
import { openConsole } from "./app";
import { answering, controlPlane, EVENT, refused } from "./control-plane";

const events = (request: Record<string, unknown>) =>
  request["eventIds"] || request["statusFilter"] === "ACTIVE"
    ? { maliciousEvents: [EVENT], total: 1 }
    : { maliciousEvents: [], total: 0 };

const sample = () => ({
  maliciousPayloadsResponses: [
    {
      ts: EVENT.timestamp,
      metadata: "",
      orig: JSON.stringify({
        method: "GET",
        path: "/search?q=<script>alert(1)</script>",
        requestHeaders: '{"host":"shop.example"}',
        statusCode: 200,
        status: "200 OK",
        responseHeaders: "{}",
        responsePayload: "<img src=x onerror=alert(2)>",
      }),
    },
  ],
});

/** A control plane that lets in whoever shows this, and says who they are then. */
function opensFor(credentials: Record<string, string>, session: object) {
  let loggedIn = false;
  answering({});
  controlPlane.use(
    http.get("*/session", () =>
      loggedIn ? HttpResponse.json(session) : new HttpResponse(null, { status: 401 }),
    ),
    http.post("*/session", async ({ request }) => {
      loggedIn = JSON.stringify(await request.json()) === JSON.stringify(credentials);
      return new HttpResponse(null, { status: loggedIn ? 204 : 401 });
    }),
    http.delete("*/session", () => {
      loggedIn = false;
      return new HttpResponse(null, { status: 204 });
    }),
  );
}

test("without a session the log-in page comes first, takes name and password, and leads back", async () => {
  opensFor({ name: "ada", password: "right" }, { name: "ada", role: "analyst", kind: "user" });
  const { user, address } = openConsole("/activity?tab=review");

  await user.type(await screen.findByLabelText(/^Name/), "ada");
  await user.type(screen.getByLabelText(/^Password/), "wrong");
  await user.click(screen.getByRole("button", { name: "Log in" }));
  expect(await screen.findByText(/The name or the password is wrong/)).toBeTruthy();

  await user.type(screen.getByLabelText(/^Password/), "right");
  await user.click(screen.getByRole("button", { name: "Log in" }));
  expect(await screen.findByText("Nothing is under review")).toBeTruthy();
  expect(address()).toBe("/activity?tab=review");

  await user.click(screen.getByRole("button", { name: "ada" }));
  expect(await screen.findByText("Role: analyst")).toBeTruthy();
  await user.click(screen.getByRole("menuitem", { name: "Log out" }));
  expect(await screen.findByLabelText(/^Password/)).toBeTruthy();
});

test("whoever is vouched for by a provider finds the way there", async () => {
  opensFor({ name: "ada", password: "right" }, { name: "ada", role: "analyst", kind: "user" });
  const oidc = { name: "Example Ltd", path: "/session/oidc" };
  controlPlane.use(http.get("*/session/ways", () => HttpResponse.json({ oidc })));
  openConsole("/activity");
  const link = await screen.findByRole("link", { name: "Sign in with Example Ltd" });
  expect(link.getAttribute("href")).toBe("/session/oidc");
});

test("an API key still opens the console", async () => {
  opensFor({ apiKey: "right" }, { name: "ops", role: "admin", kind: "key" });
  const { user } = openConsole("/activity?tab=review");
  await user.click(await screen.findByText("With an API key"));
  await user.type(screen.getByLabelText(/^API key/), "wrong");
  await user.click(screen.getByRole("button", { name: "Log in" }));
  expect(await screen.findByText("The control plane does not know this API key.")).toBeTruthy();
  await user.clear(screen.getByLabelText(/^API key/));
  await user.type(screen.getByLabelText(/^API key/), "right");
  await user.click(screen.getByRole("button", { name: "Log in" }));
  expect(await screen.findByText("Nothing is under review")).toBeTruthy();
  await user.click(screen.getByRole("button", { name: "ops" }));
  expect(await screen.findByRole("menuitem", { name: "Log out" })).toBeTruthy();
  expect(screen.queryByRole("menuitem", { name: "Change password" })).toBeNull();
});

test("whoever logged in with a password changes it, and hears why not", async () => {
  const asked: object[] = [];
  answering(
    {
      changePassword: (request) => {
        asked.push(request);
        return asked.length === 1 ? refused("currentPassword: is not your password") : { user: {} };
      },
    },
    "viewer",
    "user",
  );
  const { user } = openConsole("/activity");
  await user.click(await screen.findByRole("button", { name: "ada" }));
  await user.click(await screen.findByRole("menuitem", { name: "Change password" }));
  const dialog = await screen.findByRole("dialog", { name: "Change password" });
  const field = (name: RegExp) => within(dialog).getByLabelText(name);
  const button = within(dialog).getByRole("button", { name: "Change password" });
  await user.type(field(/^Current password/), "old");
  await user.type(field(/^New password(?! once)/), "new words");
  await user.type(field(/^New password once more/), "new word");
  expect(button).toHaveProperty("disabled", true);
  await user.type(field(/^New password once more/), "s");
  await user.click(button);
  expect(await within(dialog).findByText("currentPassword: is not your password")).toBeTruthy();
  await user.click(button);
  await waitFor(() => expect(screen.queryByRole("dialog", { name: "Change password" })).toBeNull());
  expect(asked[1]).toEqual({ currentPassword: "old", newPassword: "new words" });
});

test("a hostile URL is text in the list", async () => {
  answering({ fetchSuspectSampleData: events });
  openConsole("/activity");
  expect(await screen.findByText(EVENT.url)).toBeTruthy();
  expect(document.querySelector("img")).toBeNull();
});

test("the request and the response are text, with the match marked", async () => {
  answering({ fetchSuspectSampleData: events, fetchAggregateMaliciousRequests: sample });
  openConsole("/activity/e1?view=values");
  const request = await screen.findByRole("region", { name: "Request" });
  expect(request.textContent).toContain("GET /search?q=<script>alert(1)</script> HTTP/1.1");
  expect(within(request).getByText("<script>").tagName).toBe("MARK");
  expect(screen.getByRole("region", { name: "Response" }).textContent).toContain(
    "<img src=x onerror=alert(2)>",
  );
  expect(document.querySelector("img, script")).toBeNull();
});

test("Block IP says on how many sensors it holds, and becomes Unblock", async () => {
  const blocks: object[] = [];
  answering({
    fetchSuspectSampleData: events,
    fetchBlocklist: () => ({ blocks, total: blocks.length }),
    addBlock: (request) => {
      expect(request).toEqual({
        cidr: "203.0.113.9",
        ttlSeconds: 14_400,
        reason: `CrossSiteScripting on ${EVENT.url}`,
      });
      const block = { cidr: "203.0.113.9/32", expiresAt: null, sensors: { total: 3, applied: 2 } };
      blocks.push(block);
      return { block, revision: 4, sensors: block.sensors, refusals: [] };
    },
  });
  const { user } = openConsole("/activity/e1");
  await user.click(await screen.findByRole("button", { name: "Block IP" }));
  await user.click(await screen.findByRole("button", { name: "Block 203.0.113.9" }));
  expect(await screen.findByText("applied on 2 of 3 sensors")).toBeTruthy();
  expect(screen.getByRole("button", { name: "Unblock" })).toBeTruthy();
});

test("a refused block says why", async () => {
  answering({
    fetchSuspectSampleData: events,
    addBlock: () => refused("cidr: 203.0.113.9 is on the allow list"),
  });
  const { user } = openConsole("/activity/e1");
  await user.click(await screen.findByRole("button", { name: "Block IP" }));
  await user.click(await screen.findByRole("button", { name: "Block 203.0.113.9" }));
  expect(await screen.findByText("cidr: 203.0.113.9 is on the allow list")).toBeTruthy();
});

test("ignoring an event names that event and nothing else", async () => {
  let asked: object | undefined;
  answering({
    fetchSuspectSampleData: events,
    updateMaliciousEventStatus: (request) => {
      asked = request;
      return { updateSuccess: true, updatedCount: 1 };
    },
  });
  const { user } = openConsole("/activity/e1");
  await user.click(await screen.findByRole("button", { name: "Event actions" }));
  await user.click(await screen.findByRole("menuitem", { name: /Ignore/ }));
  const dialog = await screen.findByRole("dialog", { name: "Ignore this event" });
  await user.type(within(dialog).getByLabelText(/^Reason/), "our scanner");
  await user.click(within(dialog).getByRole("button", { name: "Ignore" }));
  await waitFor(() => expect(asked).toEqual({ eventIds: ["e1"], status: "IGNORED", reason: "our scanner" }));
});

test("a key that may only look is offered nothing to do", async () => {
  answering({ fetchSuspectSampleData: events }, "viewer");
  openConsole("/activity/e1");
  const block = await screen.findByRole("button", { name: "Block IP" });
  await waitFor(() => expect(block).toHaveProperty("disabled", true));
});

test("filters live in the address and reach the control plane", async () => {
  const asked: Record<string, unknown>[] = [];
  answering({
    fetchSuspectSampleData: (request) => {
      asked.push(request);
      return events(request);
    },
  });
  const { user, address } = openConsole("/activity?severity=%5B%22HIGH%22%5D&range=24h");
  await user.type(await screen.findByLabelText("Search attack, host, actor, URL"), "shop");
  await waitFor(() => expect(address()).toContain("q=shop"));
  await waitFor(() => expect(asked.at(-1)).toMatchObject({ severity: ["HIGH"], searchText: "shop" }));
  const { startTimestamp, endTimestamp } = asked.at(-1) as { startTimestamp: number; endTimestamp: number };
  expect(endTimestamp - startTimestamp).toBeGreaterThanOrEqual(86_400);
});

test("a control plane that does not answer is said, not shown as an empty list", async () => {
  answering({ fetchSuspectSampleData: () => refused("store: busy") });
  openConsole("/activity");
  expect(await screen.findByText("store: busy")).toBeTruthy();
  expect(screen.queryByText("No attack seen in this time")).toBeNull();
});

test("an admin searches the audit log and reads on", async () => {
  const asked: Record<string, unknown>[] = [];
  const entry = (seq: number, who: string) => ({
    ...{ seq, at: EVENT.timestamp, kind: "user", who, from: "203.0.113.7", action: "addBlock" },
    ...{ object: "198.51.100.7/32", before: null, after: { reason: "<img src=x onerror=alert(1)>" } },
  });
  answering({
    fetchAudit: (request) => {
      asked.push(request);
      return request["cursor"]
        ? { entries: [entry(1, "grace")], total: 2, next: null }
        : { entries: [entry(2, "ada")], total: 2, next: 2 };
    },
  });
  const { user, address } = openConsole("/audit");
  expect(await screen.findByText("ada (user)")).toBeTruthy();
  expect(document.querySelector("img")).toBeNull();
  await user.click(screen.getByRole("button", { name: "Older entries" }));
  expect(await screen.findByText("grace (user)")).toBeTruthy();
  expect(asked.at(-1)?.["cursor"]).toBe(2);
  await user.type(screen.getByLabelText("Search who, what, from where"), "block");
  await waitFor(() => expect(address()).toContain("q=block"));
  await waitFor(() => expect(asked.at(-1)?.["searchText"]).toBe("block"));
  expect(screen.getByRole("link", { name: "Audit log" })).toBeTruthy();
});

test("whoever is no admin is not offered the audit log", async () => {
  answering({}, "analyst");
  openConsole("/activity");
  expect(await screen.findByRole("link", { name: "Sensors" })).toBeTruthy();
  expect(screen.queryByRole("link", { name: "Audit log" })).toBeNull();
});
