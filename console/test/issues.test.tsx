import { screen, waitFor, within } from "@testing-library/react";
import { expect, test } from "vitest";
import type { Issue, IssueDetail } from "../src/api/types";
import { openConsole } from "./app";
import { answering } from "./control-plane";

const ISSUE: Issue = {
  ...{ issueId: "0".repeat(32), name: "Broken access", checkId: "bola", category: "authorization" },
  ...{ severity: "HIGH", method: "GET", host: "shop.example", endpoint: "/users/{id}", detail: "" },
  ...{ status: "OPEN", reopened: false, firstSeen: 1_764_000_000, lastSeen: 1_764_000_100 },
  ticket: null,
  ...{ lastCleanAt: null, source: "IMPORT", tags: ["API1:2023"], cwe: ["CWE-639"], ignored: null },
};
const DETAIL: IssueDetail = {
  ...ISSUE,
  ...{ description: "", impact: "", remediation: "Check **who** asks", references: ["javascript:alert(1)"] },
  ...{ cve: [], affectedTotal: 1 },
  evidence: { message: "", url: "", request: "GET /users/2", response: "<img src=x onerror=alert(1)>" },
  affectedEndpoints: [{ ...ISSUE }],
};

/** One open issue, and what was asked. */
function listing(answers: Parameters<typeof answering>[0] = {}) {
  const asked: Record<string, unknown>[] = [];
  answering({
    fetchIssues: (request) => {
      asked.push(request);
      return { issues: [ISSUE], total: 1, counts: { open: 1, fixed: 0, ignored: 2 } };
    },
    fetchIssue: () => ({ issue: DETAIL }),
    ...answers,
  });
  return asked;
}

test("the address says which issues are listed, and in what order", async () => {
  const asked = listing();
  openConsole('/issues?tab=fixed&severity=["HIGH"]&host=["shop.example"]&sort=lastSeen&order=ascending');
  await screen.findByRole("link", { name: "Broken access" });
  const wanted = {
    severity: ["HIGH"],
    hosts: ["shop.example"],
    statusFilter: "FIXED",
    sort: { lastSeen: 1 },
  };
  expect(asked.find(({ limit }) => limit === 50)).toMatchObject(wanted);
  expect(screen.getByRole("tab", { name: "Ignored 2" })).toBeTruthy();
});

test("evidence is text, tags lead to who explains them, and a reference that is no address leads nowhere", async () => {
  listing();
  openConsole(`/issues/${ISSUE.issueId}`);
  const drawer = await screen.findByRole("dialog", { name: "Issue" });
  const evidence = await within(drawer).findByRole("region", { name: "Response" });
  expect(evidence.textContent).toBe("<img src=x onerror=alert(1)>");
  expect(drawer.querySelector("img")).toBeNull();
  const cwe = within(drawer).getByRole("link", { name: "CWE-639" });
  expect(cwe.getAttribute("href")).toBe("https://cwe.mitre.org/data/definitions/639.html");
  expect(within(drawer).getByText("javascript:alert(1)").closest("a")).toBeNull();
});

test("an issue is ignored with a reason and a note", async () => {
  let ignored: object | undefined;
  listing({
    bulkUpdateIssueStatus: (request) => {
      ignored = request;
      return { updatedCount: 1, updateSuccess: true, updateMessage: "" };
    },
  });
  const { user } = openConsole(`/issues/${ISSUE.issueId}`);
  await user.click(await screen.findByRole("button", { name: "Ignore…" }));
  await user.click(await screen.findByRole("radio", { name: "Acceptable risk" }));
  await user.type(screen.getByLabelText("Note"), "behind a VPN");
  await user.click(screen.getByRole("button", { name: "Ignore" }));
  await waitFor(() =>
    expect(ignored).toEqual({
      issueIds: [ISSUE.issueId],
      ...{ status: "IGNORED", ignoreReason: "ACCEPTABLE_RISK", note: "behind a VPN" },
    }),
  );
});

test("a file is looked through before it is imported, and what cannot be used is told", async () => {
  const asked: Record<string, unknown>[] = [];
  listing({
    importIssues: (request) => {
      asked.push(request);
      return {
        ...{ found: 2, clean: 1, created: 2, reopened: 0, fixed: 0, leftOut: 0, dryRun: request["dryRun"] },
        ...{ skipped: [{ place: "line 3", problem: "is no JSON" }], skippedCount: 1 },
      };
    },
  });
  const { user } = openConsole("/issues");
  await user.click(await screen.findByRole("button", { name: "Import" }));
  const form = await screen.findByRole("dialog", { name: "Import findings" });
  await user.click(within(form).getByLabelText("Or paste it"));
  await user.paste('{"template-id": "a"}\n{"template-id": "b"}\nx');
  await user.click(within(form).getByRole("button", { name: "Check" }));
  expect(await within(form).findByText("is no JSON")).toBeTruthy();
  await user.click(within(form).getByRole("button", { name: "Import 2 findings" }));
  expect(await screen.findByText("2 issues found")).toBeTruthy();
  expect(asked.map(({ format, dryRun }) => [format, dryRun])).toEqual([
    ["nuclei", true],
    ["nuclei", false],
  ]);
});
