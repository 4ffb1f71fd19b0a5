import type { Direction } from "../../api/queries";
import type { Policy, Suppression } from "../../api/types";
import { SEVERITIES } from "../../shared/Severity";
import type { PolicySort } from "./search";

/** A policy with what it did. */
export interface PolicyRow {
  policy: Policy;
  /** Events in the time that is looked at; `undefined` until it is known. */
  hits: number | undefined;
  /** Combinations of it that somebody called no attack, and the events that were held back for it. */
  ignored: { combinations: number; events: number };
}

export function rowsOf(
  policies: Policy[],
  hits: Record<string, number> | undefined,
  suppressions: Suppression[],
): PolicyRow[] {
  return policies.map((policy) => {
    const theirs = suppressions.filter(({ filterId }) => filterId === policy.id);
    return {
      policy,
      hits: hits && (hits[policy.id] ?? 0),
      ignored: {
        combinations: theirs.length,
        events: theirs.reduce((sum, { hits }) => sum + hits, 0),
      },
    };
  });
}

const KEYS: Record<PolicySort, (row: PolicyRow) => number | string> = {
  id: ({ policy }) => policy.id.toLowerCase(),
  severity: ({ policy }) => -SEVERITIES.indexOf(policy.info.severity),
  hits: ({ hits }) => hits ?? 0,
  ignored: ({ ignored }) => ignored.events * 1_000 + ignored.combinations,
};

/** Names from A on, figures from the largest. */
export const usualOrder = (sort: PolicySort): Direction => (sort === "id" ? 1 : -1);

export function arranged(rows: PolicyRow[], q: string, sort: PolicySort, direction: Direction): PolicyRow[] {
  const wanted = q.toLowerCase();
  const key = KEYS[sort];
  return rows
    .filter(({ policy: { id, info } }) =>
      [id, info.name, info.category.displayName, info.subCategory, info.description ?? ""].some((text) =>
        text.toLowerCase().includes(wanted),
      ),
    )
    .sort((a, b) => {
      const [x, y] = [key(a), key(b)];
      const order = x < y ? -1 : x > y ? 1 : 0;
      return order * direction || a.policy.id.localeCompare(b.policy.id);
    });
}
