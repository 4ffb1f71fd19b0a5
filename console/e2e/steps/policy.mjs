import assert from "node:assert/strict";
import { call } from "../console.mjs";

/** @param {string} id @param {string} severity */
const textOf = (id, severity) => `id: ${id}
filter:
  url: {contains_either: [${id.toLowerCase()}]}
info:
  name: Made by a test
  severity: ${severity}
  category: {name: TEST, displayName: Test}
  subCategory: ${id}
`;

/**
 * A policy is written, with its mistake told where it is, tried, saved, set to block, rolled back and deleted.
 *
 * @param {import("playwright-core").Page} page
 * @param {{ url: string }} at
 */
export async function editPolicy(page, at) {
  const id = `E2e${Date.now()}`;
  await page.goto(`${at.url}/policies`);
  await page.getByRole("link", { name: "New policy" }).click();
  const editor = page.getByRole("textbox", { name: "Text of the new policy" });
  await write(page, editor, textOf(id, "SEVERE"));
  await page.getByRole("alert").getByText("Line 6, column 13").waitFor();
  assert.ok(await page.getByRole("button", { name: "Save" }).isDisabled(), "a wrong text can be saved");
  console.log("ok: a mistake in a policy is told with line and column");

  await write(page, editor, textOf(id, "LOW"));
  await page.getByRole("alert").waitFor({ state: "hidden" });
  const trial = page.getByRole("region", { name: "Try it" });
  await trial
    .getByRole("textbox", { name: "Request" })
    .fill(`GET /${id.toLowerCase()} HTTP/1.1\nHost: shop.example`);
  await trial.getByRole("button", { name: "Try" }).click();
  await trial.getByText("It matches").waitFor();
  await trial.getByText("Stored traffic").click();
  await trial.getByRole("button", { name: "Try" }).click();
  await trial.getByText(/^\d[\d,]* events? from \d[\d,]* stored exchanges?$/).waitFor();

  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("heading", { level: 1, name: id }).waitFor();
  const main = page.getByRole("main");
  await main.getByText("Your own").waitFor();
  await main.getByRole("radiogroup", { name: "What it does" }).getByText("Block", { exact: true }).click();
  await modeOf(page, id, "block");
  await page.getByRole("tab", { name: "Versions" }).click();
  await page.getByRole("button", { name: /^Version 1: saved/ }).click();
  await page.getByRole("button", { name: "Roll back to version 1" }).click();
  await modeOf(page, id, "detect");
  await page.getByRole("tab", { name: "Versions" }).click();
  await page.getByRole("button", { name: /^Version 3: saved/ }).waitFor();

  await main.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await main.getByText("There is no such policy").waitFor();
  console.log(`ok: ${id} is tried, saved, set to block, rolled back and deleted`);
}

/**
 * As somebody who pastes: `fill` would have the browser make a span with an inline style.
 *
 * @param {import("playwright-core").Page} page
 * @param {import("playwright-core").Locator} editor
 * @param {string} text
 */
async function write(page, editor, text) {
  await editor.click();
  await page.keyboard.press("Control+A");
  await editor.evaluate((element, text) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData("text/plain", text);
    const bubbles = { bubbles: true, cancelable: true, composed: true };
    element.dispatchEvent(new ClipboardEvent("paste", { clipboardData, ...bubbles }));
  }, text);
}

/**
 * @param {import("playwright-core").Page} page
 * @param {string} id
 * @param {string} mode
 */
async function modeOf(page, id, mode) {
  const badge = mode === "block" ? "BLOCK" : "MONITOR";
  await page.locator("main .mantine-Badge-label", { hasText: new RegExp(`^${badge}$`, "i") }).waitFor();
  const { templates } = await call(page, "fetchFilterYamlTemplate", {});
  const found = templates.find((/** @type {{ id: string }} */ one) => one.id === id);
  assert.equal(found?.mode, mode);
}
