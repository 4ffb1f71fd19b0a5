import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import type { Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

// Custom properties and light-dark() reach into the shadow tree, so that one theme serves both schemes.
const frame = EditorView.theme({
  "&": {
    backgroundColor: "var(--mantine-color-body)",
    border: "1px solid var(--mantine-color-default-border)",
    borderRadius: "var(--mantine-radius-sm)",
    color: "var(--mantine-color-text)",
    fontSize: "12.5px",
    height: "100%",
  },
  "&.cm-focused": { outline: "2px solid var(--mantine-primary-color-filled)", outlineOffset: "-1px" },
  ".cm-scroller": { fontFamily: "var(--mantine-font-family-monospace)", lineHeight: "1.55" },
  ".cm-content": { caretColor: "var(--mantine-color-text)" },
  ".cm-cursor": { borderLeftColor: "var(--mantine-color-text)" },
  ".cm-gutters": {
    backgroundColor: "light-dark(var(--mantine-color-gray-0), var(--mantine-color-dark-7))",
    borderRight: "1px solid var(--mantine-color-default-border)",
    color: "var(--mantine-color-dimmed)",
  },
  ".cm-activeLine, .cm-activeLineGutter": {
    backgroundColor: "light-dark(rgba(0, 0, 0, 0.035), rgba(255, 255, 255, 0.05))",
  },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    background: "light-dark(#c5e3ea, #1d4f5a)",
  },
  ".cm-tooltip, .cm-panels": {
    backgroundColor: "var(--mantine-color-body)",
    border: "1px solid var(--mantine-color-default-border)",
    color: "var(--mantine-color-text)",
  },
  ".cm-tooltip-autocomplete > ul > li[aria-selected]": {
    backgroundColor: "var(--mantine-primary-color-filled)",
    color: "#fff",
  },
  ".cm-completionDetail": { fontStyle: "normal", opacity: "0.75" },
  // The library's own marks are images in data: URLs, which the Content Security Policy refuses.
  ".cm-lint-marker-error": {
    backgroundColor: "var(--mantine-color-red-filled)",
    borderRadius: "50%",
    content: "normal",
    height: "0.7em",
    margin: "0.35em 0.15em",
    width: "0.7em",
  },
  ".cm-lintRange-error": {
    backgroundImage: "none",
    textDecoration: "underline wavy var(--mantine-color-red-text)",
    textUnderlineOffset: "3px",
  },
  ".cm-collapsedLines": {
    background: "light-dark(var(--mantine-color-gray-1), var(--mantine-color-dark-6))",
    color: "var(--mantine-color-dimmed)",
    padding: "2px 8px",
  },
  // Symbols that few fonts have.
  ".cm-collapsedLines::before, .cm-collapsedLines::after": { content: "none" },
  ".cm-insertedLine, .cm-changedLine": { backgroundColor: "light-dark(#e3f6e8, #16331f) !important" },
  ".cm-deletedChunk, .cm-deletedLine": { backgroundColor: "light-dark(#fdeaea, #3d1a1c) !important" },
});

const colours = HighlightStyle.define([
  { tag: tags.propertyName, color: "light-dark(#00505d, #7fd8e6)" },
  { tag: [tags.string, tags.special(tags.string)], color: "light-dark(#2f6b1d, #a5d6a7)" },
  { tag: [tags.number, tags.bool, tags.null], color: "light-dark(#8a3800, #ffb77a)" },
  { tag: [tags.comment, tags.lineComment], color: "var(--mantine-color-dimmed)" },
  {
    tag: [tags.punctuation, tags.separator, tags.squareBracket, tags.brace],
    color: "var(--mantine-color-dimmed)",
  },
]);

export const look: Extension = [frame, syntaxHighlighting(colours)];
