import type { RawSample } from "../api/types";

export type Header = [name: string, value: string];

/** One request with its response, as the sensor kept it (decoded, masked). Every text in it is the attacker's. */
export interface Sample {
  method: string;
  path: string;
  protocol: string;
  requestHeaders: Header[];
  requestBody: string;
  /** `0` where no response was seen. */
  statusCode: number;
  status: string;
  responseHeaders: Header[];
  responseBody: string;
  ip: string;
  destIp: string;
  vxlanId: string;
  at: number;
}

/** Reads what `fetchAggregateMaliciousRequests` gives. Throws where it is not of the documented shape. */
export function parseSample({ orig, ts }: RawSample): Sample {
  const fields = JSON.parse(orig) as Record<string, unknown>;
  const text = (key: string) =>
    fields[key] === undefined || fields[key] === null ? "" : String(fields[key]);
  return {
    method: text("method"),
    path: text("path"),
    protocol: text("type") || "HTTP/1.1",
    requestHeaders: headersOf(text("requestHeaders")),
    requestBody: text("requestPayload"),
    statusCode: Number(text("statusCode")) || 0,
    status: text("status"),
    responseHeaders: headersOf(text("responseHeaders")),
    responseBody: text("responsePayload"),
    ip: text("ip"),
    destIp: text("destIp"),
    vxlanId: text("akto_vxlan_id"),
    at: Number(text("time")) || ts,
  };
}

/** Headers come as a JSON text of their own; a name that was sent twice has a list. */
function headersOf(json: string): Header[] {
  if (json === "") return [];
  const object = JSON.parse(json) as Record<string, unknown>;
  return Object.entries(object).flatMap(([name, value]): Header[] =>
    Array.isArray(value) ? value.map((one) => [name, String(one)]) : [[name, String(value)]],
  );
}
