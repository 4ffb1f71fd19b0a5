import { ApiError } from "../../../api/client";

/** What is wrong with a policy's text, and where; line 0 is nowhere in particular. */
export interface TextProblem {
  line: number;
  /** From 1, in characters. */
  column: number;
  message: string;
}

const REASON = /^content: (?:line (\d+), column (\d+): )?(.*)$/s;

/** What the control plane said about the text; `undefined` where it spoke of something else. */
export function textProblemsOf(error: unknown): TextProblem[] | undefined {
  if (!(error instanceof ApiError) || error.status !== 422) return undefined;
  const problems = error.reasons.map((reason) => {
    const [, line, column, message] = REASON.exec(reason) ?? [];
    if (message === undefined) return undefined;
    return { line: Number(line ?? 0), column: Number(column ?? 0), message };
  });
  return problems.every((problem) => problem !== undefined) ? problems : undefined;
}

/** Where in the text a problem begins and ends: the word there, else the rest of the line. */
export function rangeOf(text: string, { line, column }: TextProblem): { from: number; to: number } {
  const lines = text.split("\n");
  const shown = lines[Math.min(Math.max(line, 1), lines.length) - 1] ?? "";
  const begin = lines.slice(0, Math.max(line, 1) - 1).reduce((sum, { length }) => sum + length + 1, 0);
  const characters = [...shown].slice(0, Math.max(column, 1) - 1).join("").length;
  const from = Math.min(begin + characters, text.length);
  const word = /^[^\s:,{}[\]]+/.exec(text.slice(from))?.[0].length ?? 0;
  const to = word > 0 ? from + word : Math.max(from, begin + shown.length);
  return { from, to: Math.min(to, text.length) };
}
