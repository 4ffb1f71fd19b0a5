import { shared as t } from "../texts/shared";
import { useNow } from "./Time";

/** How long something still holds. */
export function Remaining({ until }: { until: number | null }) {
  const now = useNow();
  return <>{until === null ? t.untilLifted : t.left(until - now)}</>;
}
