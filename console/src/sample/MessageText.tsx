import { reveal } from "../shared/text";
import classes from "./MessageText.module.css";
import type { Range } from "./message";

interface MessageTextProps {
  label: string;
  text: string;
  marks: Range[];
}

/** An HTTP message with its matches marked: text nodes and `<mark>`, nothing that a payload could become. */
export function MessageText({ label, text, marks }: MessageTextProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable from the keyboard
    <section className={classes.message} aria-label={label} tabIndex={0} dir="ltr">
      {pieces(text, marks).map(({ start, end, marked }) => {
        const shown = reveal(text.slice(start, end), true);
        return marked ? <mark key={start}>{shown}</mark> : <span key={start}>{shown}</span>;
      })}
    </section>
  );
}

/** The text cut at the marks; marks that overlap are one. */
export function pieces(text: string, marks: Range[]): (Range & { marked: boolean })[] {
  const cuts: (Range & { marked: boolean })[] = [];
  let at = 0;
  for (const mark of [...marks].sort((a, b) => a.start - b.start)) {
    const start = Math.max(mark.start, at);
    if (mark.end <= start) continue;
    if (start > at) cuts.push({ start: at, end: start, marked: false });
    cuts.push({ start, end: mark.end, marked: true });
    at = mark.end;
  }
  if (at < text.length) cuts.push({ start: at, end: text.length, marked: false });
  return cuts;
}
