import { reasonsOf } from "./ErrorNote";

/** What the control plane said is wrong, sorted by the field it said it of. */
export interface Problems {
  /** By field, `rateLimits[0].name`. */
  at: ReadonlyMap<string, string>;
  /** What names no field. */
  others: string[];
}

export const NO_PROBLEMS: Problems = { at: new Map(), others: [] };

// As the REST interface writes it: the field, a colon, what is wrong.
const REASON = /^([A-Za-z][\w.[\]]*): (.+)$/s;

export function problemsOf(error: unknown): Problems {
  if (!error) return NO_PROBLEMS;
  const at = new Map<string, string>();
  const others: string[] = [];
  for (const reason of reasonsOf(error)) {
    const [, field, problem] = REASON.exec(reason) ?? [];
    if (field === undefined || problem === undefined) others.push(reason);
    else at.set(field, at.has(field) ? `${at.get(field)}; ${problem}` : problem);
  }
  return { at, others };
}

/** The problems of this field and of what is in it: of a list, of its elements. */
export const within = ({ at }: Problems, field: string): string[] =>
  [...at]
    .filter(([name]) => name === field || name.startsWith(`${field}.`) || name.startsWith(`${field}[`))
    .map(([name, problem]) => (name === field ? problem : `${name.slice(field.length)}: ${problem}`));
