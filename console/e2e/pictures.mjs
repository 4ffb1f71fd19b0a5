// Takes the pictures of docs/: every page, filled with what the running console has. `npm run pictures [FOLDER]`; SCHEME=dark
// and WIDTH=390 take others, to look at; FURNISH=1 first adds blocks, findings and more, for a control plane to throw away.
import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { inBrowser, logIn, target } from "./console.mjs";
import { furnish } from "./furnish.mjs";
import { everyPage, settled, visit } from "./pages.mjs";

const OUT = process.argv[2] ?? fileURLToPath(new URL("../../docs/pictures", import.meta.url));
const scheme = process.env["SCHEME"] === "dark" ? "dark" : "light";
const width = Number(process.env["WIDTH"] ?? 1280);
const range = process.env["RANGE"] ?? "1h";
const MOST_BYTES = 200_000;

const at = target();
mkdirSync(OUT, { recursive: true });
/** @type {string[]} */
const large = [];
await inBrowser({ width, height: 800 }, async (page) => {
  await page.emulateMedia({ colorScheme: scheme });
  await page.goto(`${at.url}/login`);
  await page.getByRole("button", { name: "Log in" }).waitFor();
  await page.screenshot({ path: join(OUT, "login.png") });
  await logIn(page, at);
  if (process.env["FURNISH"] === "1") await furnish(page);
  for (const [name, address] of Object.entries(await everyPage(page))) {
    await visit(page, address.replace("range=all", `range=${range}`));
    await page.mouse.move(0, 0);
    await page.waitForFunction(() =>
      [...document.querySelectorAll("[role=img]")].every((one) => one.querySelector("canvas, svg")),
    );
    await settled(page);
    const path = join(OUT, `${name}.png`);
    await page.screenshot({ path });
    if (statSync(path).size > MOST_BYTES) large.push(name);
  }
});
if (large.length > 0) {
  console.error(`failed: more than ${MOST_BYTES} bytes: ${large.join(", ")}`);
  process.exit(1);
}
console.log(`ok: the pictures are in ${OUT}`);
