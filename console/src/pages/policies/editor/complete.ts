import type { Completion, CompletionContext, CompletionResult } from "@codemirror/autocomplete";
import { placeAt } from "./place";
import { partAt } from "./schema";

/** The keys and values that may stand where the cursor is. */
export function completions(text: string, pos: number): { from: number; options: Completion[] } | null {
  const { path, key, typed, from } = placeAt(text, pos);
  const part = partAt(key === null ? path : [...path, key]);
  const keys = key === null ? Object.entries(part?.keys ?? {}) : [];
  const options: Completion[] = [
    ...keys.map(([label, { about }]) => ({
      label,
      type: "property",
      apply: `${label}: `,
      ...(about ? { detail: about } : {}),
    })),
    // A list's elements stand on lines of their own, too.
    ...(part?.values ?? []).map((label) => ({ label, type: "enum" })),
  ];
  return options.length === 0 || /\s/.test(typed) ? null : { from, options };
}

export function policyCompletions(context: CompletionContext): CompletionResult | null {
  const found = completions(context.state.doc.toString(), context.pos);
  if (!found || (found.from === context.pos && !context.explicit)) return null;
  return { ...found, validFor: /^[\w:-]*$/ };
}
