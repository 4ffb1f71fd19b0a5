import type { Sample } from "./sample";

// As far as sensors decode: an attacker who wraps more often does not reach the server's parser, either.
const ROUNDS = 3;
const ENTITIES: Record<string, string> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'", nbsp: "\u00a0" };

/** The sample as a reader wants it: percent signs, entities and escapes of JSON resolved, JSON laid out. */
export function decodedSample(sample: Sample): Sample {
  return {
    ...sample,
    path: decoded(sample.path),
    requestBody: decodedBody(sample.requestBody),
    responseBody: laidOut(sample.responseBody),
  };
}

function decodedBody(body: string): string {
  const document = laidOut(body);
  return document === body ? decoded(body) : decoded(document);
}

/** Whatever cannot be decoded stays as it is. */
export function decoded(text: string): string {
  let now = text;
  for (let round = 0; round < ROUNDS; round += 1) {
    const next = entities(percents(now));
    if (next === now) return now;
    now = next;
  }
  return now;
}

function percents(text: string): string {
  const plain = text.replace(/%u([0-9a-f]{4})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  return plain.replace(/(?:%[0-9a-f]{2})+/gi, (run) => {
    const bytes = run
      .split("%")
      .slice(1)
      .map((hex) => parseInt(hex, 16));
    return new TextDecoder("utf-8").decode(new Uint8Array(bytes));
  });
}

function entities(text: string): string {
  return text.replace(/&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|([a-z]+));/gi, (whole, hex, decimal, name) => {
    if (name) return ENTITIES[String(name).toLowerCase()] ?? whole;
    const code = hex ? parseInt(hex, 16) : Number(decimal);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}

/** JSON with its escapes resolved, one member a line; anything else as it is. */
function laidOut(text: string): string {
  if (!/^\s*[[{]/.test(text)) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
