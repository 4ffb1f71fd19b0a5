import { yaml } from "@codemirror/lang-yaml";
import { unifiedMergeView } from "@codemirror/merge";
import { EditorState } from "@codemirror/state";
import { EditorView, lineNumbers } from "@codemirror/view";
import { useEffect, useRef } from "react";
import { look } from "./look";
import { shadowOf } from "./shadow";

interface DifferenceProps {
  label: string;
  before: string;
  after: string;
}

/** One text, with what it has besides the other marked, and what it lacks between the lines. */
export default function Difference({ label, before, after }: DifferenceProps) {
  const holder = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!holder.current) return;
    const shadow = shadowOf(holder.current);
    const made = new EditorView({
      root: shadow,
      parent: shadow,
      state: EditorState.create({
        doc: after,
        extensions: [
          lineNumbers(),
          yaml(),
          unifiedMergeView({
            original: before,
            mergeControls: false,
            gutter: true,
            collapseUnchanged: { margin: 3, minSize: 6 },
          }),
          EditorView.lineWrapping,
          EditorState.readOnly.of(true),
          EditorView.editable.of(false),
          EditorView.contentAttributes.of({ "aria-label": label, tabindex: "0" }),
          look,
        ],
      }),
    });
    return () => made.destroy();
  }, [label, before, after]);
  return <div ref={holder} />;
}
