import { showDone, showProblem } from "../shared/notices";
import { type Coverage, coverageText } from "./coverage";

/** Says where a command has reached the sensors; a refusal is no success. */
export function showCoverage(title: string, coverage: Coverage): void {
  const text = coverageText(coverage);
  if (coverage.refusals.length === 0) showDone(title, text);
  else showProblem(`${title}: ${text}`, new Error(coverage.refusals.join("; ")));
}
