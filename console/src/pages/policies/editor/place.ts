/** What stands at a place of a YAML text. */
export interface Place {
  /** The keys around it, the outermost first; lists do not count. */
  path: string[];
  /** Of the key whose value it is, `null` where a key is to stand. */
  key: string | null;
  /** What is typed already, and where that begins. */
  typed: string;
  from: number;
}

interface Frame {
  kind: "block" | "{" | "[";
  key: string | null;
  /** Where the key or the value begins, in the line. */
  start: number;
}

const LEAD = /^(\s*)((?:-\s+)*)/;
const KEY = /^(?:"([^"]*)"|'([^']*)'|([^\s{["'#][^:]*?))\s*:(?:\s|$)/;

/** Reads the lines above for the keys around, and the line itself for braces; a brace that spans lines is not followed. */
export function placeAt(text: string, pos: number): Place {
  const begin = text.lastIndexOf("\n", pos - 1) + 1;
  const line = text.slice(begin, pos);
  const lead = leadOf(line);
  const frames = framesOf(line, lead.content);
  const top = frames.at(-1) ?? { kind: "block", key: null, start: lead.content };
  const rest = line.slice(top.start);
  const typed = rest.trimStart();
  const inline = frames.slice(0, -1).flatMap(({ key }) => key ?? []);
  const isValue = top.key !== null || top.kind === "[";
  const key = isValue ? (top.key ?? inline.pop() ?? null) : null;
  return {
    path: [...pathAbove(text.slice(0, begin), lead), ...inline],
    key,
    typed,
    from: pos - typed.length,
  };
}

interface Lead {
  /** The column of the first dash, or of the content where there is none. */
  outer: number;
  content: number;
  hasDash: boolean;
}

function leadOf(line: string): Lead {
  const [, indent = "", dashes = ""] = LEAD.exec(line) ?? [];
  return { outer: indent.length, content: indent.length + dashes.length, hasDash: dashes !== "" };
}

function framesOf(line: string, content: number): Frame[] {
  const frames: Frame[] = [{ kind: "block", key: null, start: content }];
  let quote: string | null = null;
  for (let at = content; at < line.length; at += 1) {
    const character = line.charAt(at);
    const top = frames.at(-1);
    if (!top) break;
    const before = line.slice(top.start, at);
    if (quote !== null) {
      if (character === quote) quote = null;
    } else if ((character === '"' || character === "'") && before.trim() === "") quote = character;
    else if (character === "#" && /\s$/.test(line.slice(0, at))) break;
    else if (
      character === ":" &&
      top.key === null &&
      top.kind !== "[" &&
      /^(?:\s|$)/.test(line.slice(at + 1))
    ) {
      top.key = before.trim().replace(/^["']|["']$/g, "");
      top.start = at + 1;
    } else if ((character === "{" || character === "[") && before.trim() === "")
      frames.push({ kind: character, key: null, start: at + 1 });
    else if (character === "," && top.kind !== "block") {
      if (top.kind === "{") top.key = null;
      top.start = at + 1;
    } else if ((character === "}" || character === "]") && frames.length > 1) {
      frames.pop();
      const under = frames.at(-1);
      if (under) under.start = at + 1;
    }
  }
  return frames;
}

/** The keys that the line is indented under. */
function pathAbove(above: string, lead: Lead): string[] {
  const path: string[] = [];
  let column = lead.outer;
  // A list's dashes may stand right under its key.
  let orEqual = lead.hasDash;
  for (const line of above.split("\n").reverse()) {
    if (line.trim() === "" || line.trim().startsWith("#")) continue;
    const { outer, content, hasDash } = leadOf(line);
    const isAbove = content < column || (orEqual && content === column && !hasDash);
    if (isAbove) {
      const [, double, single, plain] = KEY.exec(line.slice(content)) ?? [];
      const key = double ?? single ?? plain;
      if (key !== undefined) path.unshift(key);
    }
    if (isAbove || (hasDash && content === column)) {
      column = outer;
      orEqual = hasDash;
    }
    if (column === 0 && !orEqual) break;
  }
  return path;
}
