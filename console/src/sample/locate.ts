import type { Match } from "../api/types";
import { jsonLeaf } from "./json-leaf";
import type { Message, Range } from "./message";

export interface Located {
  side: "request" | "response";
  range: Range;
}

/**
 * Where a match stands in the messages as they are shown, or `null` where it cannot be told.
 *
 * A match counts bytes of the original value at its location; the console shows decoded texts. Where the two cannot
 * be laid over each other exactly, the whole value at the location is meant.
 */
export function locate(match: Match, request: Message, response: Message): Located | null {
  const [side, value] = valueAt(match.location, request, response);
  const message = side === "request" ? request : response;
  if (!value) {
    const found = match.phrase === "" ? -1 : message.text.indexOf(match.phrase);
    return found < 0 ? null : { side, range: { start: found, end: found + match.phrase.length } };
  }
  return { side, range: within(value, message.text, match) };
}

function valueAt(location: string, request: Message, response: Message): [Located["side"], Range | null] {
  if (location.startsWith("response.")) return ["response", partAt(location.slice(9), response)];
  if (location.startsWith("request.")) return ["request", partAt(location.slice(8), request)];
  return ["request", targetPart(location, request)];
}

function partAt(part: string, message: Message): Range | null {
  const [kind, rest] = cut(part, ".");
  if (kind === "header") {
    return message.headers.find(({ name }) => name.toLowerCase() === rest.toLowerCase())?.value ?? null;
  }
  if (kind === "cookie") {
    const cookies = message.headers.find(({ name }) => name.toLowerCase() === "cookie")?.value;
    return cookies ? pairValue(message.text, cookies, rest, ";") : null;
  }
  if (kind !== "body") return null;
  return rest === "" ? message.body : bodyValue(rest, message);
}

function bodyValue(path: string, { text, body, headers }: Message): Range | null {
  const type = headers.find(({ name }) => name.toLowerCase() === "content-type");
  if (type && text.slice(type.value.start, type.value.end).includes("urlencoded")) {
    return pairValue(text, body, path, "&");
  }
  const leaf = jsonLeaf(text.slice(body.start, body.end), path.replaceAll(/\[(\d+)\]/g, ".$1"));
  return leaf && { start: body.start + leaf.start, end: body.start + leaf.end };
}

function targetPart(location: string, { text, target }: Message): Range | null {
  const [kind, rest] = cut(location, ".");
  const question = text.slice(target.start, target.end).indexOf("?");
  const pathEnd = question < 0 ? target.end : target.start + question;
  if (location === "url") return target;
  if (location.startsWith("url.path")) return { start: target.start, end: pathEnd };
  if (kind !== "query" || question < 0) return null;
  const query = { start: pathEnd + 1, end: target.end };
  return rest === "" ? query : pairValue(text, query, rest, "&");
}

/** The value of `name` in a list like `a=1&b=2` that stands at `list`. */
function pairValue(text: string, list: Range, name: string, separator: string): Range | null {
  let start = list.start;
  for (const pair of text.slice(list.start, list.end).split(separator)) {
    const [key] = cut(pair, "=");
    const end = start + pair.length;
    if (key.trim() === name || decoded(key) === name)
      return { start: Math.min(start + key.length + 1, end), end };
    start = end + separator.length;
  }
  return null;
}

/** The match's bytes inside a value, as UTF-16 units of the text; the whole value where bytes and text differ. */
function within(value: Range, text: string, { start, end }: Match): Range {
  const shown = text.slice(value.start, value.end);
  const bytes = new TextEncoder().encode(shown);
  // U+FFFD stands for bytes that were no UTF-8, and a backslash for an escape: both shift what follows.
  if (end > bytes.length || start >= end || /[\ufffd\\]/.test(shown)) return value;
  const units = (count: number) => new TextDecoder().decode(bytes.subarray(0, count)).length;
  return { start: value.start + units(start), end: value.start + units(end) };
}

function cut(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + separator.length)];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return text;
  }
}
