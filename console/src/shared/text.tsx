import type { CSSProperties } from "react";
import classes from "./text.module.css";

// C0 and C1 controls, soft hyphen, zero-width and bidirectional controls, line separators, BOM, tag characters:
// what can make a line look like another line. Tab and newline stay where `multiline` is set.
const DECEPTIVE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this looks for
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\u{e0000}-\u{e007f}]/gu;

/** Hostile text with its invisible characters spelled out (`\u202e`), so that it reads as what it is. */
export function reveal(text: string, multiline = false): string {
  return text.replace(DECEPTIVE, (character) => {
    if (multiline && (character === "\n" || character === "\t")) return character;
    if (multiline && character === "\r") return "";
    const code = character.codePointAt(0) ?? 0;
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u{${code.toString(16)}}`;
  });
}

interface HostileProps {
  children: string;
  /** Cut with an ellipsis where the line ends; the whole text is the tooltip. */
  truncate?: boolean;
  style?: CSSProperties;
}

/** Text an attacker chose: a text node, isolated from the direction and the layout around it. */
export function Hostile({ children, truncate = false, style }: HostileProps) {
  const shown = reveal(children);
  return (
    <bdi
      dir="ltr"
      className={truncate ? classes.truncated : classes.whole}
      style={style}
      title={truncate ? shown : undefined}
    >
      {shown}
    </bdi>
  );
}
