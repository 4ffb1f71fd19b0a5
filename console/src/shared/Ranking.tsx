import { Skeleton, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { count } from "./format";
import classes from "./Ranking.module.css";

export interface Rank {
  key: string;
  name: ReactNode;
  count: number;
  /** For a rank that narrows the page. */
  pressed?: boolean;
  onPress?: () => void;
}

const SHOWN = 8;

/** Names with their counts, the largest first, as bars. */
export function Ranking({
  label,
  ranks,
  empty,
}: {
  label: string;
  ranks: Rank[] | undefined;
  empty: string;
}) {
  if (!ranks) return <Skeleton height={210} />;
  if (ranks.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        {empty}
      </Text>
    );
  }
  const most = Math.max(...ranks.map(({ count }) => count));
  return (
    <ol className={classes.ranks} aria-label={label}>
      {ranks.slice(0, SHOWN).map((rank) => (
        <li key={rank.key} className={classes.rank} data-pressed={rank.pressed || undefined}>
          <div className={classes.bar} style={{ width: `${Math.max(1, (rank.count / most) * 100)}%` }} />
          {rank.onPress ? (
            <button type="button" className={classes.row} aria-pressed={rank.pressed} onClick={rank.onPress}>
              <span className={classes.name}>{rank.name}</span>
              <span>{count(rank.count)}</span>
            </button>
          ) : (
            <div className={classes.row}>
              <span className={classes.name}>{rank.name}</span>
              <span>{count(rank.count)}</span>
            </div>
          )}
        </li>
      ))}
    </ol>
  );
}
