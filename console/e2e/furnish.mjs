import { call } from "./console.mjs";
import { nuclei, sarif } from "./findings.mjs";

/**
 * What people would have done by now, so that no page is empty. For a control plane to throw away.
 *
 * @param {import("playwright-core").Page} page one that is logged in
 */
export async function furnish(page) {
  const found = Date.now() - 3_600_000;
  await call(page, "importIssues", { format: "sarif", document: sarif(found) });
  await call(page, "importIssues", { format: "nuclei", document: nuclei(found) });
  const ignored = { method: ["PATCH"], hosts: ["shop.example"] };
  const risk = { ignoreReason: "ACCEPTABLE_RISK", note: "The gateway in front asks for a second factor" };
  await call(page, "bulkUpdateIssueStatus", { ...ignored, status: "IGNORED", ...risk });
  for (const [cidr, reason, ttlSeconds] of /** @type {const} */ ([
    ["203.0.113.77", "credential stuffing on /login", 3_600],
    ["198.51.100.64/27", "seen in the feed", 604_800],
    ["2001:db8:bad::/48", "scanner", 86_400],
  ]))
    await call(page, "addBlock", { cidr, reason, ttlSeconds });
  await call(page, "addAllowed", { cidr: "192.0.2.0/28", reason: "our monitoring" });
  const scanner = { filterId: "ScannerUserAgent", actor: "192.0.2.10", reason: "our own scanner" };
  await call(page, "addSuppression", { ...scanner, ttlSeconds: 2_592_000 });
  await call(page, "addSuppression", {
    filterId: "XSS",
    url: "/editor",
    reason: "takes markup",
    permanent: true,
  });
  for (const mode of ["detect", "block"])
    await call(page, "setFilterYamlTemplateMode", { templateId: "XSS", mode });
  const hook = process.env["PORTCULLIS_TARGET"];
  if (hook) await call(page, "addNotifyTarget", { name: "siem", kind: "webhook", url: `${hook}/hook` });
  for (const [name, role] of [
    ["grace", "analyst"],
    ["linus", "viewer"],
  ])
    await call(page, "addUser", { name, role, password: crypto.randomUUID() });
  await call(page, "addAccount", { id: "acme", name: "Acme GmbH" });
}
