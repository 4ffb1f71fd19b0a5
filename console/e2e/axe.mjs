// Every page in light and dark before axe-core: no serious finding may be left, and none is wider than its window, a phone's
// included.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { inBrowser, logIn, target } from "./console.mjs";
import { everyPage, visit } from "./pages.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const GRAVE = new Set(["serious", "critical"]);
const [DESK, PHONE, HEIGHT] = [1280, 390, 850];

const at = target();
const began = performance.now();
let found = 0;
await inBrowser({ width: DESK, height: HEIGHT }, async (page) => {
  await page.emulateMedia({ colorScheme: "light" });
  await logIn(page, at);
  const pages = Object.entries(await everyPage(page));
  await page.evaluate(AXE);
  // A colour that is still changing has no contrast to judge.
  await page.evaluate(() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync("*, ::before, ::after { transition: none !important; }");
    document.adoptedStyleSheets.push(sheet);
  });
  for (const [name, address] of pages) {
    await visit(page, address);
    for (const line of await judged(page)) report(`${name}, light: ${line}`);
    await page.emulateMedia({ colorScheme: "dark" });
    // In the dark all that can differ is how it looks.
    for (const line of await judged(page, ["color-contrast"])) report(`${name}, dark: ${line}`);
    await page.emulateMedia({ colorScheme: "light" });
    for (const width of [PHONE, DESK]) {
      await page.setViewportSize({ width, height: HEIGHT });
      const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (over > 0) report(`${name} is ${over} pixels wider than a window of ${width}`);
    }
  }
  console.log(`ok: ${pages.length} pages, in ${((performance.now() - began) / 1_000).toFixed(0)} s`);
});
if (found > 0) process.exit(1);
console.log("ok: axe-core has no serious finding, and no page is wider than its window");

/**
 * @param {import("playwright-core").Page} page
 * @param {string[]} [rules] all where absent
 */
async function judged(page, rules) {
  const violations = await page.evaluate(async (rules) => {
    const { axe } = /** @type {{ axe: typeof import("axe-core") }} */ (/** @type {unknown} */ (window));
    const { violations } = await axe.run(document, {
      resultTypes: ["violations"],
      ...(rules ? { runOnly: { type: /** @type {const} */ ("rule"), values: rules } } : {}),
    });
    return violations.map(({ id, impact, help, nodes }) => ({
      ...{ id, impact, help },
      where: nodes.slice(0, 3).map(({ html, failureSummary }) => `${html.slice(0, 160)} ${failureSummary}`),
    }));
  }, rules);
  return violations
    .filter(({ impact }) => impact && GRAVE.has(impact))
    .map(({ id, help, where }) => `${id}: ${help}\n  ${where.join("\n  ")}`);
}

/** @param {string} what */
function report(what) {
  found += 1;
  console.error(`failed: ${what}`);
}
