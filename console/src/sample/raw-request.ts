import type { Sample } from "./sample";

/** The request as bytes on the wire would read, for «Paste from clipboard» in Burp's Repeater. */
export function rawRequest(sample: Sample): string {
  const lines = [
    `${sample.method} ${sample.path} ${sample.protocol}`,
    ...sample.requestHeaders.map(([name, value]) => `${name}: ${value}`),
  ];
  return `${lines.join("\r\n")}\r\n\r\n${sample.requestBody}`;
}
