import type { FindingsFormat } from "../../../api/issues";

/** SARIF is one JSON object with runs; nuclei writes an object a line. `undefined` where there is nothing to tell from. */
export function formatOf(text: string): FindingsFormat | undefined {
  if (text.trim() === "") return undefined;
  try {
    const whole: unknown = JSON.parse(text);
    const isSarif = typeof whole === "object" && whole !== null && ("runs" in whole || "$schema" in whole);
    return isSarif ? "sarif" : "nuclei";
  } catch {
    // Several objects after each other; or a broken SARIF, which the control plane tells the place of.
    return /^\s*\{\s*"(version|\$schema|runs)"/.test(text) ? "sarif" : "nuclei";
  }
}
