import { duration } from "./format";
import { useNow } from "./Time";

/** How long something still holds. */
export function Remaining({ until }: { until: number | null }) {
  const now = useNow();
  return <>{until === null ? "until lifted" : `${duration(until - now)} left`}</>;
}
