import { useEffect, useState } from "react";
import { dateTime, timeFromNow, utcTime } from "./format";

const TICK_MS = 5_000;

/** Now in epoch seconds, moving along. */
export function useNow(): number {
  const [now, setNow] = useState(() => Date.now() / 1_000);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now() / 1_000), TICK_MS);
    return () => clearInterval(timer);
  }, []);
  return now;
}

/** How long ago, with the exact time as its tooltip. */
export function Time({ at }: { at: number }) {
  const now = useNow();
  return (
    <time
      dateTime={new Date(at * 1_000).toISOString()}
      title={`${dateTime(at)}\n${utcTime(at)}`}
      style={{ whiteSpace: "nowrap" }}
    >
      {timeFromNow(Math.min(at, now), now)}
    </time>
  );
}

/** The date and the time in the viewer's zone, with UTC as its tooltip. */
export function DateTime({ at }: { at: number }) {
  return (
    <time dateTime={new Date(at * 1_000).toISOString()} title={utcTime(at)}>
      {dateTime(at)}
    </time>
  );
}
