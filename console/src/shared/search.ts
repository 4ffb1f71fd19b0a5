import { SPANS, type Span, type TimeRange } from "../api/range";

/** The time range as the address bar carries it. */
export interface RangeSearch {
  range?: Span | "all";
  from?: number;
  to?: number;
}

const DEFAULT_RANGE: Span = "7d";

/** What somebody typed or pasted into the address bar: anything that does not fit is left out. */
export function parseRange(raw: Record<string, unknown>): RangeSearch {
  const from = wholeNumber(raw["from"]);
  const to = wholeNumber(raw["to"]);
  if (from !== undefined && to !== undefined && from <= to) return { from, to };
  const range = raw["range"];
  if (range === "all" || (typeof range === "string" && range in SPANS))
    return { range: range as Span | "all" };
  return {};
}

export function rangeOf({ range, from, to }: RangeSearch): TimeRange {
  if (from !== undefined && to !== undefined) return { from, to };
  return range ?? DEFAULT_RANGE;
}

export function toSearch(range: TimeRange): RangeSearch {
  const none = { range: undefined, from: undefined, to: undefined };
  if (typeof range === "object") return { ...none, ...range };
  return { ...none, range: range === DEFAULT_RANGE ? undefined : range };
}

export function wholeNumber(raw: unknown): number | undefined {
  return typeof raw === "number" && Number.isInteger(raw) && raw >= 0 ? raw : undefined;
}

/** A list of texts; the address bar gives numbers where a text looks like one. */
export function texts(raw: unknown): string[] | undefined {
  const list = (Array.isArray(raw) ? raw : [raw])
    .filter((value) => typeof value === "string" || typeof value === "number")
    .map(String)
    .filter((value) => value !== "");
  return list.length > 0 ? list : undefined;
}

export function oneOf<const Value extends string>(values: readonly Value[], raw: unknown): Value | undefined {
  return values.find((value) => value === raw);
}

/** Without the keys that say nothing, so that addresses and query keys stay short and equal. */
export function compacted<Shape extends object>(shape: Shape): Shape {
  const entries = Object.entries(shape).filter(
    ([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0),
  );
  return Object.fromEntries(entries) as Shape;
}
