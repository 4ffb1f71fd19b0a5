import { type Entry, type ImportTerms, importList, type List } from "../../../api/lists";

export interface Line extends Entry {
  /** From 1, as editors count. */
  line: number;
}

export interface LineProblem {
  line: number;
  text: string;
  problem: string;
}

/** A prefix a line; what follows a comma or a `#` is the reason. Empty lines and comments are left out. */
export function linesOf(text: string): Line[] {
  return text.split(/\r\n|\r|\n/).flatMap((whole, index) => {
    const [, cidr = "", reason = ""] = /^\s*([^\s,;#]*)\s*[,;#]?\s*(.*?)\s*$/.exec(whole) ?? [];
    if (cidr === "") return [];
    const unquoted = reason.replace(/^"(.*)"$/, "$1").replace(/^#\s*/, "");
    return [{ line: index + 1, cidr, ...(unquoted ? { reason: unquoted } : {}) }];
  });
}

export interface Imported {
  accepted: number;
  problems: LineProblem[];
}

// Half of what the control plane takes in a call, so that long reasons have room, too.
const AT_ONCE = 5_000;

/** All of the lines, part by part; a problem is told with its line. */
export async function importLines(
  list: List,
  lines: Line[],
  terms: ImportTerms,
  onProgress: (done: number) => void = () => {},
): Promise<Imported> {
  const imported: Imported = { accepted: 0, problems: [] };
  for (let from = 0; from < lines.length; from += AT_ONCE) {
    const part = lines.slice(from, from + AT_ONCE);
    const entries = part.map(({ line: _, ...entry }) => entry);
    const { accepted, problems } = await importList(list, entries, terms);
    imported.accepted += accepted;
    for (const { index, cidr, problem } of problems)
      imported.problems.push({ line: part[index]?.line ?? 0, text: cidr ?? "", problem });
    onProgress(from + part.length);
  }
  return imported;
}
