import { version } from "../../package.json";
import type { Header, Sample } from "./sample";

/**
 * The exchange as an HTTP Archive 1.2, which browsers, Burp and ZAP read. What a sensor does not know (timings, sizes on
 * the wire) is -1, as the format says.
 */
export function harOf(samples: Sample[]): object {
  return {
    log: {
      version: "1.2",
      creator: { name: "Portcullis", version },
      entries: samples.map(entry),
    },
  };
}

function entry(sample: Sample): object {
  const host = fieldOf(sample.requestHeaders, "host") || sample.destIp;
  const url = sample.path.startsWith("/") ? `http://${host}${sample.path}` : sample.path;
  const type = (headers: Header[]) => fieldOf(headers, "content-type") || "application/octet-stream";
  return {
    startedDateTime: new Date(sample.at * 1_000).toISOString(),
    time: -1,
    request: {
      method: sample.method,
      url,
      httpVersion: sample.protocol,
      cookies: [],
      headers: sample.requestHeaders.map(named),
      queryString: queryOf(sample.path),
      ...(sample.requestBody === ""
        ? {}
        : { postData: { mimeType: type(sample.requestHeaders), text: sample.requestBody } }),
      headersSize: -1,
      bodySize: -1,
    },
    response: {
      status: sample.statusCode,
      statusText: sample.status.replace(/^\d+ ?/, ""),
      httpVersion: sample.protocol,
      cookies: [],
      headers: sample.responseHeaders.map(named),
      content: { size: -1, mimeType: type(sample.responseHeaders), text: sample.responseBody },
      redirectURL: fieldOf(sample.responseHeaders, "location"),
      headersSize: -1,
      bodySize: -1,
    },
    cache: {},
    timings: { send: -1, wait: -1, receive: -1 },
    ...(sample.destIp ? { serverIPAddress: sample.destIp } : {}),
  };
}

const named = ([name, value]: Header) => ({ name, value });

const fieldOf = (headers: Header[], wanted: string): string =>
  headers.find(([name]) => name.toLowerCase() === wanted)?.[1] ?? "";

/** As it was sent: decoding would hide how it was encoded. */
function queryOf(target: string): { name: string; value: string }[] {
  const at = target.indexOf("?");
  if (at < 0 || at === target.length - 1) return [];
  return target
    .slice(at + 1)
    .split("&")
    .map((pair) => {
      const equals = pair.indexOf("=");
      return equals < 0
        ? { name: pair, value: "" }
        : { name: pair.slice(0, equals), value: pair.slice(equals + 1) };
    });
}
