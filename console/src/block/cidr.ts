interface Prefix {
  bits: 32 | 128;
  value: bigint;
  length: number;
}

/** An address (`203.0.113.9`) or a prefix (`2001:db8::/32`); `null` where the text is neither. */
export function parsePrefix(text: string): Prefix | null {
  const [address = "", length, ...rest] = text.split("/");
  if (rest.length > 0 || (length !== undefined && !/^\d{1,3}$/.test(length))) return null;
  const bits = address.includes(":") ? 128 : 32;
  const value = bits === 128 ? v6(address) : v4(address);
  const prefixLength = length === undefined ? bits : Number(length);
  return value === null || prefixLength > bits ? null : { bits, value, length: prefixLength };
}

/** Whether the address lies in the prefix. */
export function covers(cidr: string, address: string): boolean {
  const prefix = parsePrefix(cidr);
  const single = parsePrefix(address);
  if (!prefix || !single || prefix.bits !== single.bits || single.length < prefix.length) return false;
  const shift = BigInt(prefix.bits - prefix.length);
  return prefix.value >> shift === single.value >> shift;
}

function v4(text: string): bigint | null {
  const octets = text.split(".");
  if (octets.length !== 4 || !octets.every((octet) => /^\d{1,3}$/.test(octet) && Number(octet) < 256))
    return null;
  return octets.reduce((value, octet) => (value << 8n) | BigInt(octet), 0n);
}

function v6(text: string): bigint | null {
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const [head, tail] = halves.map((half) => (half === "" ? [] : groupsOf(half)));
  if (!head || (halves.length === 2 && !tail)) return null;
  const groups = tail
    ? [...head, ...Array(Math.max(0, 8 - head.length - tail.length)).fill(0n), ...tail]
    : head;
  if (groups.length !== 8) return null;
  return groups.reduce((value, group) => (value << 16n) | group, 0n);
}

function groupsOf(text: string): bigint[] | undefined {
  const groups: bigint[] = [];
  for (const group of text.split(":")) {
    const embedded = group.includes(".") ? v4(group) : null;
    if (embedded !== null) groups.push(embedded >> 16n, embedded & 0xffffn);
    else if (/^[0-9a-f]{1,4}$/i.test(group)) groups.push(BigInt(`0x${group}`));
    else return undefined;
  }
  return groups;
}
