import type { Header, Sample } from "./sample";

/** A stretch of a text in UTF-16 units, the end not included. */
export interface Range {
  start: number;
  end: number;
}

/** An HTTP message as one text, with the places of its parts. */
export interface Message {
  text: string;
  /** The request target; empty in a response. */
  target: Range;
  headers: { name: string; value: Range }[];
  body: Range;
}

export function requestMessage(sample: Sample): Message {
  const before = `${sample.method} `;
  const target = { start: before.length, end: before.length + sample.path.length };
  return compose(
    `${before}${sample.path} ${sample.protocol}`,
    target,
    sample.requestHeaders,
    sample.requestBody,
  );
}

export function responseMessage(sample: Sample): Message {
  const start = `${sample.protocol} ${sample.status || sample.statusCode}`;
  return compose(start, { start: 0, end: 0 }, sample.responseHeaders, sample.responseBody);
}

function compose(startLine: string, target: Range, headers: Header[], bodyText: string): Message {
  let text = startLine;
  const places = headers.map(([name, value]) => {
    text += `\n${name}: `;
    const start = text.length;
    text += value;
    return { name, value: { start, end: text.length } };
  });
  text += "\n";
  if (bodyText === "")
    return { text, target, headers: places, body: { start: text.length, end: text.length } };
  text += "\n";
  const body = { start: text.length, end: text.length + bodyText.length };
  return { text: text + bodyText, target, headers: places, body };
}
