import { addressBytes } from "./capture/address";
import { type End, FLAGS, packet } from "./capture/packet";
import { type Captured, pcapng } from "./capture/pcapng";
import type { Header, Sample } from "./sample";

// What a sample does not have: it is made up, and the file's comment says so.
const CLIENT_PORT = 49_152;
const MOST_IN_SEGMENT = 1_400;

/**
 * The exchange as a connection in a pcapng file, for tools that read nothing else. `comment` says what about it is made up.
 * `null` where the addresses are not known, or are of two families.
 */
export function captureOf(sample: Sample, comment: string): Uint8Array | null {
  const [client, server] = [addressBytes(sample.ip), addressBytes(sample.destIp)];
  if (!client || !server || client.length !== server.length) return null;
  const host = sample.requestHeaders.find(([name]) => name.toLowerCase() === "host")?.[1] ?? "";
  const port = Number(/:(\d{1,5})$/.exec(host)?.[1] ?? 80);
  const talk = new Talk(
    { address: client, port: CLIENT_PORT },
    { address: server, port: port > 0 && port < 65_536 ? port : 80 },
    BigInt(sample.at) * 1_000_000n,
  );
  talk.send("client", FLAGS.syn);
  talk.send("server", FLAGS.syn | FLAGS.ack);
  talk.send("client", FLAGS.ack);
  talk.say("client", requestBytes(sample));
  if (sample.statusCode > 0) talk.say("server", responseBytes(sample));
  talk.send("client", FLAGS.fin | FLAGS.ack);
  talk.send("server", FLAGS.fin | FLAGS.ack);
  talk.send("client", FLAGS.ack);
  return pcapng(comment, talk.packets);
}

const requestBytes = ({ method, path, protocol, requestHeaders, requestBody }: Sample) =>
  message(`${method} ${path} ${versionOf(protocol)}`, requestHeaders, requestBody, requestBody !== "");

const responseBytes = ({ protocol, status, statusCode, responseHeaders, responseBody }: Sample) =>
  message(`${versionOf(protocol)} ${status || statusCode}`, responseHeaders, responseBody, true);

/** What came as HTTP/2 is told as HTTP/1.1, the only one that is text. */
const versionOf = (protocol: string) => (/^HTTP\/1\.[01]$/.test(protocol) ? protocol : "HTTP/1.1");

/** Bodies are kept decoded and up to a length: those fields that frame them are made to fit what is there. */
const FRAMING = new Set(["content-length", "transfer-encoding", "content-encoding", "trailer"]);

function message(start: string, headers: Header[], bodyText: string, hasBody: boolean): Uint8Array {
  const body = new TextEncoder().encode(bodyText);
  const kept = headers.filter(([name]) => !FRAMING.has(name.toLowerCase()) && !name.startsWith(":"));
  const fields = hasBody ? [...kept, ["content-length", String(body.length)]] : kept;
  const head = [start, ...fields.map(([name, value]) => `${name}: ${value}`), "", ""].join("\r\n");
  return new Uint8Array([...new TextEncoder().encode(head), ...body]);
}

type Side = "client" | "server";

/** Both ends of a connection, with what each has said. */
class Talk {
  readonly packets: Captured[] = [];
  private readonly next: Record<Side, number> = { client: 0, server: 0 };
  private readonly ends: Record<Side, End>;

  constructor(
    client: End,
    server: End,
    private at: bigint,
  ) {
    this.ends = { client, server };
  }

  say(side: Side, bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += MOST_IN_SEGMENT)
      this.send(side, FLAGS.psh | FLAGS.ack, bytes.subarray(at, at + MOST_IN_SEGMENT));
    this.send(side === "client" ? "server" : "client", FLAGS.ack);
  }

  send(side: Side, flags: number, payload: Uint8Array = new Uint8Array()): void {
    const other: Side = side === "client" ? "server" : "client";
    const bytes = packet({
      from: this.ends[side],
      to: this.ends[other],
      sequence: this.next[side],
      acknowledged: flags & FLAGS.ack ? this.next[other] : 0,
      flags,
      payload,
    });
    this.packets.push({ at: this.at, bytes });
    this.at += 1n;
    this.next[side] += payload.length + (flags & (FLAGS.syn | FLAGS.fin) ? 1 : 0);
  }
}
