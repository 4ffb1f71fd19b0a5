import { request } from "node:http";
import { call } from "../console.mjs";

/**
 * What somebody else does appears on an open page by itself; with PORTCULLIS_TARGET, a server that a sensor watches, an
 * attack does, too. It has no markup, so that the next run does not choose it.
 *
 * @param {import("playwright-core").Page} page
 * @param {{ url: string }} at
 * @param {{ id: string, actor: string }} event
 */
export async function seeItLive(page, at, event) {
  await page.goto(`${at.url}/activity?range=all&actor=${encodeURIComponent(JSON.stringify([event.actor]))}`);
  const row = page.locator(`a[href*="/activity/${event.id}"]`);
  await row.waitFor();
  await call(page, "updateMaliciousEventStatus", { eventIds: [event.id], status: "UNDER_REVIEW" });
  await row.waitFor({ state: "hidden" });
  await call(page, "updateMaliciousEventStatus", { eventIds: [event.id], status: "ACTIVE" });
  await row.waitFor();
  console.log("ok: an event that somebody else moves leaves the open list, and comes back");

  const server = process.env["PORTCULLIS_TARGET"];
  if (!server) return;
  const mark = `e2e${Date.now()}`;
  await page.goto(`${at.url}/activity?range=1h&q=${mark}`);
  await page.getByText("No event fits these filters").waitFor();
  await new Promise((resolve, reject) => {
    const { hostname, port } = new URL(server);
    const path = `/search/${mark}?q=%27%20OR%201%3D1--`;
    request({ hostname, port, path }, (answer) => answer.resume().on("end", resolve))
      .on("error", reject)
      .end();
  });
  await page.getByRole("table", { name: "Threat activity" }).getByText(mark).first().waitFor();
  console.log("ok: an attack of this moment appears in the open list");
}
