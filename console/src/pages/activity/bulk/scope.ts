import type { Wider } from "../../../api/commands";
import { activity as t } from "../../../texts/activity";

export type Scope = keyof Wider;

export const SCOPES: readonly { scope: Scope; label: string }[] = [
  { scope: "anyActor", label: t.whoeverDoesIt },
  { scope: "anyEndpoint", label: t.atEveryEndpoint },
  { scope: "anyPolicy", label: t.whateverPolicyFindsIt },
];

/** Ignoring that would be ignoring every event there is, which the control plane refuses. */
export const isEverything = (wider: Scope[]): boolean => new Set(wider).size === SCOPES.length;

export const toggledScope = (wider: Scope[], scope: Scope): Scope[] =>
  wider.includes(scope) ? wider.filter((other) => other !== scope) : [...wider, scope];

export const given = (wider: Scope[]): Wider => Object.fromEntries(wider.map((scope) => [scope, true]));

/** What is ignored, as the beginning of a sentence. */
export function scopeText(wider: Scope[], size: number): string {
  const parts = [
    ["anyActor", "actor"],
    ["anyEndpoint", "endpoint"],
    ["anyPolicy", "policy"],
  ] as const;
  const kept = parts.filter(([scope]) => !wider.includes(scope)).map(([, part]) => part);
  const [last, ...before] = [...kept].reverse();
  const named = before.length > 0 ? `${before.reverse().join(", ")} and ${last}` : `${last}`;
  if (size === 1) return t.onlyThis(named);
  return kept.length === 1 ? t.eachAmongThem(named) : t.eachCombinationOfAmong(named);
}
