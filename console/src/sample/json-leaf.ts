import type { Range } from "./message";

// Far beyond any honest document, far below what the stack holds: the text is an attacker's.
const MAX_DEPTH = 200;

/**
 * Where the value at `wanted` (`user.tags.0`) stands in a JSON text, without the quotes of a string.
 *
 * A scanner of its own because `JSON.parse` forgets positions, and because a body that was cut still shows the leaves
 * before the cut.
 */
export function jsonLeaf(text: string, wanted: string): Range | null {
  let at = 0;
  let found: Range | null = null;

  function space() {
    while (at < text.length && " \t\r\n".includes(text.charAt(at))) at += 1;
  }

  function quoted(): Range | null {
    const start = at + 1;
    for (at = start; at < text.length; at += 1) {
      const character = text.charAt(at);
      if (character === "\\") at += 1;
      else if (character === '"') {
        at += 1;
        return { start, end: at - 1 };
      }
    }
    return null;
  }

  function bare(): Range | null {
    const start = at;
    while (at < text.length && !" \t\r\n,]}".includes(text.charAt(at))) at += 1;
    return at > start ? { start, end: at } : null;
  }

  /** The value that begins here; `null` ends the scan, at the find as well as where the text is no JSON. */
  function value(path: string, depth: number): Range | null {
    if (depth > MAX_DEPTH) return null;
    space();
    const opening = text.charAt(at);
    const range =
      opening === "{" || opening === "["
        ? members(opening, path, depth)
        : opening === '"'
          ? quoted()
          : bare();
    if (range === null || path !== wanted) return range;
    found = range;
    return null;
  }

  function members(opening: "{" | "[", path: string, depth: number): Range | null {
    const start = at;
    const closing = opening === "{" ? "}" : "]";
    at += 1;
    for (let index = 0; ; index += 1) {
      space();
      if (text.charAt(at) === closing) {
        at += 1;
        return { start, end: at };
      }
      const key = opening === "{" ? name() : String(index);
      if (key === null || !value(path === "" ? key : `${path}.${key}`, depth + 1)) return null;
      space();
      if (text.charAt(at) === ",") at += 1;
      else if (text.charAt(at) !== closing) return null;
    }
  }

  function name(): string | null {
    const range = text.charAt(at) === '"' ? quoted() : null;
    space();
    if (!range || text.charAt(at) !== ":") return null;
    at += 1;
    return unescaped(text.slice(range.start, range.end));
  }

  value("", 0);
  return found;
}

function unescaped(raw: string): string {
  try {
    return JSON.parse(`"${raw}"`) as string;
  } catch {
    return raw;
  }
}
