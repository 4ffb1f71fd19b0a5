import type { Range } from "./message";

// Far beyond any honest document, far below what the stack holds: the text is an attacker's.
const MAX_DEPTH = 200;
const MAX_PLACES = 1_000;

export interface JsonPlaces {
  /** Values at the path, strings without their quotes. */
  values: Range[];
  /** The names that lead to them. */
  names: Range[];
}

/**
 * Where the values at `wanted` (`user.roles[].name`, as a sensor names a leaf) stand in a JSON text.
 *
 * A scanner of its own because `JSON.parse` forgets positions, and because a body that was cut still shows the leaves
 * before the cut.
 */
export function jsonPlaces(text: string, wanted: string): JsonPlaces {
  const found: JsonPlaces = { values: [], names: [] };
  let at = 0;

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

  /** The value that begins here; `null` where the text is no JSON, or enough was found. */
  function value(path: string, depth: number): Range | null {
    if (depth > MAX_DEPTH || found.values.length >= MAX_PLACES) return null;
    space();
    const opening = text.charAt(at);
    const range =
      opening === "{" || opening === "["
        ? members(opening, path, depth)
        : opening === '"'
          ? quoted()
          : bare();
    if (range && path === wanted) found.values.push(range);
    return range;
  }

  function members(opening: "{" | "[", path: string, depth: number): Range | null {
    const start = at;
    const closing = opening === "{" ? "}" : "]";
    at += 1;
    for (;;) {
      space();
      if (text.charAt(at) === closing) {
        at += 1;
        return { start, end: at };
      }
      const inner = opening === "[" ? `${path}[]` : named(path);
      if (inner === null || !value(inner, depth + 1)) return null;
      space();
      if (text.charAt(at) === ",") at += 1;
      else if (text.charAt(at) !== closing) return null;
    }
  }

  function named(path: string): string | null {
    const range = text.charAt(at) === '"' ? quoted() : null;
    space();
    if (!range || text.charAt(at) !== ":") return null;
    at += 1;
    const name = unescaped(text.slice(range.start, range.end));
    const inner = path === "" ? name : `${path}.${name}`;
    if (inner === wanted) found.names.push(range);
    return inner;
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
