import { existsSync } from "node:fs";
import { chromium } from "playwright-core";

const BROWSER = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
/** What hangs is told by this; how fast the console is, is measured elsewhere, on machines with nothing else to do. */
const STEP_MS = 60_000;

/** The running console and a key for it, from the environment. */
export function target() {
  const url = process.env["PORTCULLIS_URL"];
  const apiKey = process.env["PORTCULLIS_API_KEY"];
  if (!url || !apiKey) {
    console.error("PORTCULLIS_URL and PORTCULLIS_API_KEY must name a running console and an API key for it.");
    process.exit(64);
  }
  if (!existsSync(BROWSER)) {
    console.error(`skipped: no browser at ${BROWSER} (apt-get install chromium, or set CHROMIUM)`);
    process.exit(process.env["PORTCULLIS_REQUIRE_ALL"] === "1" ? 1 : 0);
  }
  return { url: url.replace(/\/$/, ""), apiKey };
}

/**
 * Runs `steps` in a page of a fresh browser and collects whatever a payload would do if it came alive.
 *
 * @param {{ width: number, height: number }} viewport
 * @param {(page: import("playwright-core").Page) => Promise<void>} steps
 * @returns {Promise<string[]>} what must not have happened
 */
export async function inBrowser(viewport, steps) {
  const browser = await chromium.launch({
    executablePath: BROWSER,
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"],
  });
  try {
    const page = await browser.newPage({ viewport });
    page.setDefaultTimeout(STEP_MS);
    const trouble = watch(page);
    await steps(page).catch(async (error) => {
      console.error(`failed at ${page.url()}, which showed:\n${await page.locator("body").ariaSnapshot()}`);
      throw error;
    });
    return trouble;
  } finally {
    await browser.close();
  }
}

/** @param {import("playwright-core").Page} page */
function watch(page) {
  /** @type {string[]} */
  const trouble = [];
  page.on("dialog", async (dialog) => {
    trouble.push(`a dialog opened: ${dialog.message()}`);
    await dialog.dismiss();
  });
  page.on("pageerror", (error) => trouble.push(`an exception: ${error.message}`));
  page.on("console", (message) => {
    if (message.text().includes("Content Security Policy")) trouble.push(message.text());
  });
  page.on("request", (request) => {
    const address = new URL(request.url());
    const home = page.url() === "about:blank" ? address : new URL(page.url());
    if (address.protocol !== "data:" && address.origin !== home.origin)
      trouble.push(`a request to ${address.origin}`);
  });
  return trouble;
}

/**
 * @param {import("playwright-core").Page} page
 * @param {{ url: string, apiKey: string }} console
 */
export async function logIn(page, { url, apiKey }) {
  await page.goto(`${url}/activity`);
  await page.getByText("With an API key").click();
  await page.locator("input[autocomplete=off]").fill(apiKey);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("heading", { level: 1, name: "Threat activity" }).waitFor();
}

/**
 * From the log-in page.
 *
 * @param {import("playwright-core").Page} page
 * @param {{ name: string, password: string }} person
 */
export async function logInAs(page, { name, password }) {
  await page.locator("input[autocomplete=username]").fill(name);
  await page.locator("input[autocomplete=current-password]").fill(password);
  await page.getByRole("button", { name: "Log in" }).click();
}

/** @param {import("playwright-core").Page} page */
export async function logOut(page) {
  await page.getByRole("banner").getByRole("button").last().click();
  await page.getByRole("menuitem", { name: "Log out" }).click();
  await page.locator("input[autocomplete=username]").waitFor();
}

/**
 * A call of the REST interface with the session of the page.
 *
 * @param {import("playwright-core").Page} page
 * @param {string} name
 * @param {object} request
 */
export function call(page, name, request) {
  return page.evaluate(
    async ([name, body]) => {
      const headers = { "content-type": "application/json", "x-portcullis-request": "1" };
      const response = await fetch(`/api/${name}`, { method: "POST", headers, body });
      if (!response.ok) throw new Error(`${name} answered ${response.status}: ${await response.text()}`);
      return response.json();
    },
    /** @type {const} */ ([name, JSON.stringify(request)]),
  );
}
