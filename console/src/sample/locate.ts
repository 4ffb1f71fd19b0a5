import type { Match } from "../api/types";
import { jsonPlaces } from "./json-places";
import type { Message, Range } from "./message";

export interface Located {
  side: "request" | "response";
  range: Range;
}

// How a sensor marks that it was the name at a location that matched, and not the value.
const NAME = " (name)";

/**
 * Where a match stands in the messages as they are shown, or `null` where it cannot be told.
 *
 * A match counts bytes of the original value at its location; the console shows decoded texts. Where the two cannot
 * be laid over each other exactly, the whole value at the location is meant.
 */
export function locate(match: Match, request: Message, response: Message): Located | null {
  const isName = match.location.endsWith(NAME);
  const location = isName ? match.location.slice(0, -NAME.length) : match.location;
  const side = location === "response" || location.startsWith("response.") ? "response" : "request";
  const message = side === "request" ? request : response;
  const part = location.startsWith(`${side}.`) ? location.slice(side.length + 1) : location;
  const range =
    best(candidates(part, isName, message), message.text, match) ?? phraseIn(message.text, match.phrase);
  return range && { side, range };
}

/** Every value, or name, that a location may mean: parameters and list items repeat. */
function candidates(part: string, isName: boolean, { text, target, headers, body }: Message): Range[] {
  const [kind, rest] = cut(part, ".");
  const header = (wanted: string) =>
    headers.filter(({ name }) => name.toLowerCase() === wanted.toLowerCase());
  const question = text.slice(target.start, target.end).indexOf("?");
  const pathEnd = question < 0 ? target.end : target.start + question;
  switch (kind) {
    case "url":
      return [rest === "" ? target : { start: target.start, end: pathEnd }];
    case "query":
      return question < 0 ? [] : pairs(text, { start: pathEnd + 1, end: target.end }, rest, "&", isName);
    case "header":
      return header(rest).map(({ value }) => value);
    case "cookie":
      return header("cookie").flatMap(({ value }) => pairs(text, value, rest, ";", isName));
    case "body": {
      if (rest === "") return [body];
      const isForm = header("content-type").some(({ value }) =>
        text.slice(value.start, value.end).includes("urlencoded"),
      );
      return isForm ? pairs(text, body, rest, "&", isName) : leaves(text, body, rest, isName);
    }
    default:
      return [];
  }
}

function leaves(text: string, body: Range, path: string, isName: boolean): Range[] {
  const json = text.slice(body.start, body.end);
  return nearest(path, (path) => jsonPlaces(json, path)[isName ? "names" : "values"]).map(
    ({ start, end }) => ({
      start: body.start + start,
      end: body.start + end,
    }),
  );
}

/** The values, or names, called `name` in a list like `a=1&b=2` that stands at `list`. */
function pairs(text: string, list: Range, name: string, separator: string, isName: boolean): Range[] {
  if (name === "") return [list];
  return nearest(name, (name) => {
    const found: Range[] = [];
    let start = list.start;
    for (const pair of text.slice(list.start, list.end).split(separator)) {
      const [key] = cut(pair, "=");
      const end = start + pair.length;
      const equals = start + key.length;
      if (key.trim() === name || decoded(key) === name) {
        found.push(isName ? { start, end: equals } : { start: Math.min(equals + 1, end), end });
      }
      start = end + separator.length;
    }
    return found;
  });
}

/** A value may hold a document of its own (`query.filter.user`); its leaves count from the start of that value. */
function nearest(path: string, find: (path: string) => Range[]): Range[] {
  const segments = path.split(".");
  for (let count = segments.length; count > 0; count -= 1) {
    const found = find(segments.slice(0, count).join("."));
    if (found.length > 0) return found;
  }
  return [];
}

/** The candidate that shows the match's phrase, else the first. */
function best(ranges: Range[], text: string, match: Match): Range | undefined {
  const placed = ranges.map((range) => within(range, text, match));
  const phrase = match.phrase.toLowerCase();
  const shows = ({ start, end }: Range) => decoded(text.slice(start, end)).toLowerCase().includes(phrase);
  return placed.find(shows) ?? placed[0];
}

/** The match's bytes inside a value, as UTF-16 units of the text; the whole value where bytes and text differ. */
function within(value: Range, text: string, { start, end }: Match): Range {
  const shown = text.slice(value.start, value.end);
  const bytes = new TextEncoder().encode(shown);
  // U+FFFD stands for a byte that was no UTF-8, and is three of them: what follows is shifted.
  if (end > bytes.length || start >= end || shown.includes("\ufffd")) return value;
  const units = (count: number) => new TextDecoder().decode(bytes.subarray(0, count)).length;
  return { start: value.start + units(start), end: value.start + units(end) };
}

function phraseIn(text: string, phrase: string): Range | null {
  const start = phrase === "" ? -1 : text.indexOf(phrase);
  return start < 0 ? null : { start, end: start + phrase.length };
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
