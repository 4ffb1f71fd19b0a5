const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
];

// Shorter than pages refresh: a figure would be wrong by the time it is read.
const MOMENT = 5;

const relative = new Intl.RelativeTimeFormat("en", { numeric: "always", style: "narrow" });
const absolute = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });
const days = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const times = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const inUtc = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium", timeZone: "UTC" });
const numbers = new Intl.NumberFormat("en");
const compactNumbers = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const countries = new Intl.DisplayNames("en", { type: "region", fallback: "code" });

/** `12s ago`, `in 3h`, `now`. */
export function timeFromNow(seconds: number, now: number): string {
  const distance = Math.round(seconds - now);
  if (Math.abs(distance) < MOMENT) return "now";
  const [unit, size] = UNITS.find(([, size]) => Math.abs(distance) >= size) ?? ["second", 1];
  return relative.format(Math.trunc(distance / size), unit);
}

/** `3h 59m`, `42s`: two units at most. */
export function duration(seconds: number): string {
  const parts: string[] = [];
  let rest = Math.max(0, Math.round(seconds));
  for (const [unit, size] of UNITS) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(`${count}${unit.charAt(0)}`);
  }
  return parts.slice(0, 2).join(" ") || "0s";
}

/** `15 minutes`, `1 day`: a length that was chosen, in its largest whole unit. */
export function span(seconds: number): string {
  const [unit, size] = UNITS.find(([, size]) => seconds >= size && seconds % size === 0) ?? ["second", 1];
  return plural(seconds / size, unit);
}

/** In UTC, whatever the viewer's zone: what logs and colleagues elsewhere go by. */
export const utcTime = (seconds: number): string => `${inUtc.format(seconds * 1_000)} UTC`;
export const dateTime = (seconds: number): string => absolute.format(seconds * 1_000);

/** What a stretch of that many seconds is called on an axis, in the viewer's zone. */
export function bucketLabel(from: number, size: number): string {
  const at = from * 1_000;
  if (size >= 86_400) return days.format(at);
  return size >= 7_200 ? `${days.format(at)} ${times.format(at)}` : times.format(at);
}

export const count = (value: number): string => numbers.format(value);
export const compact = (value: number): string => compactNumbers.format(value);

export function bytes(value: number): string {
  if (value < 1_024) return `${value} B`;
  const power = Math.min(4, Math.floor(Math.log2(value) / 10));
  return `${(value / 1_024 ** power).toFixed(1)} ${["B", "KiB", "MiB", "GiB", "TiB"][power]}`;
}

export const plural = (value: number, one: string, many = `${one}s`): string =>
  `${count(value)} ${value === 1 ? one : many}`;

/** The English name of an ISO 3166-1 alpha-2 code, or the code where there is none. */
export function countryName(code: string): string {
  try {
    return countries.of(code) ?? code;
  } catch {
    return code;
  }
}
