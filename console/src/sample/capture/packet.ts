const TCP = 6;
const WINDOW = 65_535;
const HOP_LIMIT = 64;

export const FLAGS = { fin: 0x01, syn: 0x02, psh: 0x08, ack: 0x10 } as const;

/** One end of a connection. */
export interface End {
  address: Uint8Array;
  port: number;
}

export interface Segment {
  from: End;
  to: End;
  sequence: number;
  acknowledged: number;
  flags: number;
  payload: Uint8Array;
}

/** An IP packet with a TCP segment (RFC 791, RFC 8200, RFC 9293), its checksums right. */
export function packet(segment: Segment): Uint8Array {
  const tcp = tcpSegment(segment);
  return segment.from.address.length === 4 ? ipv4(segment, tcp) : ipv6(segment, tcp);
}

function tcpSegment({ from, to, sequence, acknowledged, flags, payload }: Segment): Uint8Array {
  const bytes = new Uint8Array(20 + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, from.port);
  view.setUint16(2, to.port);
  view.setUint32(4, sequence);
  view.setUint32(8, acknowledged);
  view.setUint8(12, 5 << 4);
  view.setUint8(13, flags);
  view.setUint16(14, WINDOW);
  bytes.set(payload, 20);
  const length = new Uint8Array(8);
  new DataView(length.buffer).setUint32(0, bytes.length);
  length[7] = TCP;
  view.setUint16(16, checksum([from.address, to.address, length, bytes]));
  return bytes;
}

function ipv4({ from, to }: Segment, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(20 + body.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, 0x45);
  view.setUint16(2, bytes.length);
  view.setUint8(8, HOP_LIMIT);
  view.setUint8(9, TCP);
  bytes.set(from.address, 12);
  bytes.set(to.address, 16);
  view.setUint16(10, checksum([bytes.subarray(0, 20)]));
  bytes.set(body, 20);
  return bytes;
}

function ipv6({ from, to }: Segment, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(40 + body.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, 0x60);
  view.setUint16(4, body.length);
  view.setUint8(6, TCP);
  view.setUint8(7, HOP_LIMIT);
  bytes.set(from.address, 8);
  bytes.set(to.address, 24);
  bytes.set(body, 40);
  return bytes;
}

/** The Internet checksum (RFC 1071) over parts of which only the last may have an odd length. */
function checksum(parts: Uint8Array[]): number {
  let sum = 0;
  for (const part of parts)
    for (let at = 0; at < part.length; at += 2) sum += ((part[at] ?? 0) << 8) | (part[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
