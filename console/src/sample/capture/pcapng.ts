const SECTION = 0x0a0d0d0a;
const INTERFACE = 1;
const PACKET = 6;
const COMMENT = 1;
const PROGRAM = 4;
/** IP packets without a link layer (LINKTYPE_RAW). */
const RAW = 101;

export interface Captured {
  /** Epoch microseconds. */
  at: bigint;
  bytes: Uint8Array;
}

/** A capture file (draft-ietf-opsawg-pcapng): IP packets, and what whoever opens it should know. */
export function pcapng(comment: string, packets: Captured[]): Uint8Array {
  const section = new Uint8Array(16);
  const view = new DataView(section.buffer);
  view.setUint32(0, 0x1a2b3c4d, true);
  view.setUint16(4, 1, true);
  view.setBigInt64(8, -1n, true);
  const about = new Uint8Array(8);
  new DataView(about.buffer).setUint16(0, RAW, true);
  return joined([
    block(SECTION, joined([section, option(COMMENT, comment), option(PROGRAM, "Portcullis"), option(0, "")])),
    block(INTERFACE, about),
    ...packets.map(packetBlock),
  ]);
}

function packetBlock({ at, bytes }: Captured): Uint8Array {
  const head = new Uint8Array(20);
  const view = new DataView(head.buffer);
  view.setUint32(4, Number(at >> 32n), true);
  view.setUint32(8, Number(at & 0xffff_ffffn), true);
  view.setUint32(12, bytes.length, true);
  view.setUint32(16, bytes.length, true);
  return block(PACKET, joined([head, padded(bytes)]));
}

function block(type: number, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(body.length + 12);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, type, true);
  view.setUint32(4, bytes.length, true);
  bytes.set(body, 8);
  view.setUint32(bytes.length - 4, bytes.length, true);
  return bytes;
}

function option(code: number, text: string): Uint8Array {
  const value = new TextEncoder().encode(text);
  const head = new Uint8Array(4);
  const view = new DataView(head.buffer);
  view.setUint16(0, code, true);
  view.setUint16(2, value.length, true);
  return joined([head, padded(value)]);
}

const padded = (bytes: Uint8Array) => joined([bytes, new Uint8Array(-bytes.length & 3)]);

export function joined(parts: Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
