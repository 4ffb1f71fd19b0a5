import {
  acceptCompletion,
  autocompletion,
  type CompletionSource,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { bracketMatching, indentOnInput } from "@codemirror/language";
import { type Diagnostic, linter, lintGutter, lintKeymap } from "@codemirror/lint";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { EditorState } from "@codemirror/state";
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  highlightSpecialChars,
  keymap,
  lineNumbers,
} from "@codemirror/view";
import { useEffect, useRef } from "react";
import { look } from "./look";
import { shadowOf } from "./shadow";

const REST_MS = 500;

export interface EditorProps {
  label: string;
  height: number | string;
  value: string;
  onChange: (text: string) => void;
  readOnly?: boolean;
  complete?: CompletionSource;
  /** What is wrong with the text; asked when the keyboard rests. */
  check?: (text: string) => Promise<Diagnostic[]>;
  /** Where the cursor is to go, as an offset; a new object goes there again. */
  goTo?: { at: number } | undefined;
}

/** An editor of YAML with completion, and errors where they are. */
export default function Editor(props: EditorProps) {
  const { label, height, value, readOnly = false, goTo } = props;
  const holder = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(null);
  const latest = useRef(props);
  useEffect(() => {
    latest.current = props;
  });

  // A new value goes into the editor that is there.
  useEffect(() => {
    if (!holder.current) return;
    const shadow = shadowOf(holder.current);
    const made = new EditorView({
      root: shadow,
      parent: shadow,
      state: EditorState.create({
        doc: latest.current.value,
        extensions: [
          lineNumbers(),
          highlightActiveLineGutter(),
          highlightSpecialChars(),
          history(),
          drawSelection(),
          indentOnInput(),
          bracketMatching(),
          closeBrackets(),
          autocompletion({ override: [(context) => latest.current.complete?.(context) ?? null] }),
          highlightActiveLine(),
          highlightSelectionMatches(),
          keymap.of([
            // Tab takes what is offered, else leaves the editor, as from any other field.
            { key: "Tab", run: acceptCompletion },
            ...closeBracketsKeymap,
            ...defaultKeymap,
            ...searchKeymap,
            ...historyKeymap,
            ...completionKeymap,
            ...lintKeymap,
          ]),
          yaml(),
          lintGutter(),
          linter(async ({ state }) => (await latest.current.check?.(state.doc.toString())) ?? [], {
            delay: REST_MS,
          }),
          EditorView.lineWrapping,
          EditorState.readOnly.of(readOnly),
          EditorView.contentAttributes.of({ "aria-label": label, tabindex: "0" }),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) latest.current.onChange(update.state.doc.toString());
          }),
          look,
        ],
      }),
    });
    view.current = made;
    return () => made.destroy();
  }, [label, readOnly]);

  useEffect(() => {
    const { current } = view;
    if (!current || current.state.doc.toString() === value) return;
    current.dispatch({ changes: { from: 0, to: current.state.doc.length, insert: value } });
  }, [value]);

  useEffect(() => {
    if (!goTo || !view.current) return;
    const at = Math.min(goTo.at, view.current.state.doc.length);
    view.current.dispatch({ selection: { anchor: at }, scrollIntoView: true });
    view.current.focus();
  }, [goTo]);

  return <div ref={holder} style={{ height }} />;
}
