import type { Header, Sample } from "./sample";

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const AUTHORITY = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/;

// curl sets these itself from the address and the body.
const OWN = new Set(["host", "content-length", "transfer-encoding", "connection"]);

/**
 * The request as a curl command that sends the very same target, safe to paste into bash or zsh whatever the
 * request holds: every word is quoted, and nothing in it can be read as an option or a file name.
 */
export function curlCommand(sample: Sample): string {
  const host = fieldOf(sample.requestHeaders, "host");
  const authority = AUTHORITY.test(host) ? host : bracketed(sample.destIp || "127.0.0.1");
  const plain = sample.path.startsWith("/");
  const words = [
    // Dot segments and brackets must arrive as they are.
    "curl --path-as-is --globoff --include",
    sample.method === "HEAD" ? "--head" : `--request ${quoted(sample.method)}`,
    quoted(`http://${authority}${plain ? sample.path : "/"}`),
    ...(plain ? [] : [`--request-target ${quoted(sample.path)}`]),
    ...(host !== "" && host !== authority ? [`--header ${quoted(`Host: ${host}`)}`] : []),
    ...sample.requestHeaders
      .filter(([name]) => TOKEN.test(name) && !OWN.has(name.toLowerCase()))
      // `Name;` is curl's way to send a header without a value.
      .map(([name, value]) => `--header ${quoted(value === "" ? `${name};` : `${name}: ${value}`)}`),
    ...(sample.requestBody === "" ? [] : [`--data-raw ${quoted(sample.requestBody)}`]),
  ];
  return words.join(" \\\n  ");
}

/**
 * One shell word. Control characters go into ANSI-C quotes: raw, a terminal would act on them at the moment of
 * pasting, before any shell reads the quotes.
 */
export function quoted(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this looks for
  const control = /[\u0000-\u001f\u007f-\u009f]/g;
  if (text.search(control) < 0) return `'${text.replaceAll("'", "'\\''")}'`;
  const escaped = text
    .replaceAll("\\", "\\\\")
    .replaceAll("'", "\\'")
    .replaceAll(control, (character) =>
      [...new TextEncoder().encode(character)]
        .map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`)
        .join(""),
    );
  return `$'${escaped}'`;
}

function fieldOf(headers: Header[], wanted: string): string {
  return headers.find(([name]) => name.toLowerCase() === wanted)?.[1] ?? "";
}

function bracketed(address: string): string {
  return address.includes(":") ? `[${address}]` : address;
}
