import { screen, waitFor, within } from "@testing-library/react";
import { expect, test } from "vitest";
import type { TicketIntegration } from "../src/api/types";
import { openConsole } from "./app";
import { answering, EVENT } from "./control-plane";

const JIRA: TicketIntegration = {
  ...{
    name: "jira",
    kind: "jiraCloud",
    url: "https://acme.atlassian.net",
    project: "SEC",
    issueType: "Task",
  },
  ...{
    consoleUrl: "",
    summary: "",
    description: "",
    fields: {},
    enabled: true,
    createdAt: 1,
    createdBy: "ada",
  },
  states: { close: "", reopen: "", done: [], ignore: {} },
  ...{ queued: 0, created: 0, updated: 0, failed: 0, failures: 0, problem: "" },
  ...{ nextAttemptAt: null, polledAt: null },
};
const fetchTicketIntegrations = () => ({ integrations: [JIRA], total: 1 });

test("an event becomes a ticket, and what the tracker refused is told", async () => {
  let asked: object | undefined;
  answering({
    fetchTicketIntegrations,
    fetchSuspectSampleData: () => ({ maliciousEvents: [EVENT], total: 1 }),
    createTicketsForEvents: (request) => {
      asked = request;
      return {
        ...{ selected: 1, existing: 0, created: 0, failed: 1, queued: 0 },
        tickets: [{ problem: "project: there is no SEC" }],
      };
    },
  });
  const { user } = openConsole(`/activity/${EVENT.id}`);
  await user.click(await screen.findByRole("button", { name: "Create ticket" }));
  await user.click(await screen.findByRole("menuitem", { name: "In jira" }));
  expect(await screen.findByText("project: there is no SEC")).toBeTruthy();
  expect(asked).toEqual({ eventIds: [EVENT.id], integration: "jira" });
});

test("an event's ticket leads to its tracker, but only over http", async () => {
  const ticket = { integration: "jira", key: "SEC-7", state: "OPEN", trackerState: "To Do", problem: "" };
  const at = (url: string) => ({ maliciousEvents: [{ ...EVENT, ticket: { ...ticket, url } }], total: 1 });
  answering({
    fetchTicketIntegrations,
    fetchSuspectSampleData: () => at("https://acme.atlassian.net/browse/SEC-7"),
  });
  openConsole(`/activity/${EVENT.id}`);
  const link = await screen.findByRole("link", { name: "SEC-7: To Do" });
  expect(link.getAttribute("href")).toBe("https://acme.atlassian.net/browse/SEC-7");
  answering({ fetchTicketIntegrations, fetchSuspectSampleData: () => at("javascript:alert(1)") });
  openConsole(`/activity/${EVENT.id}`);
  await waitFor(() =>
    expect(screen.getAllByText("SEC-7: To Do").some((one) => one.tagName !== "A")).toBe(true),
  );
});

test("a changed integration sends a token only where one was typed", async () => {
  const asked: Record<string, unknown>[] = [];
  answering({
    fetchTicketIntegrations,
    modifyTicketIntegration: (request) => {
      asked.push(request);
      return { integration: JIRA };
    },
  });
  const { user } = openConsole("/settings?tab=tickets");
  await user.click(await screen.findByRole("button", { name: "Change" }));
  const form = await screen.findByRole("dialog", { name: "Change jira" });
  expect((within(form).getByLabelText(/^Token/) as HTMLInputElement).value).toBe("");
  await user.clear(within(form).getByLabelText(/^Project/));
  await user.type(within(form).getByLabelText(/^Project/), "OPS");
  await user.click(within(form).getByRole("button", { name: "Save" }));
  await waitFor(() => expect(asked[0]).toMatchObject({ name: "jira", project: "OPS" }));
  expect(asked[0]).not.toHaveProperty("token");
});
