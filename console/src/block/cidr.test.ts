import { expect, test } from "vitest";
import { covers, parsePrefix } from "./cidr";

test.each([
  ["203.0.113.0/24", "203.0.113.9", true],
  ["203.0.113.9", "203.0.113.9", true],
  ["203.0.113.0/24", "203.0.114.9", false],
  ["0.0.0.0/0", "198.51.100.1", true],
  ["2001:db8::/32", "2001:db8:1::9", true],
  ["2001:db8::1/128", "2001:db8:0:0:0:0:0:1", true],
  ["::ffff:192.0.2.1", "::ffff:c000:201", true],
  ["0.0.0.0/0", "2001:db8::1", false],
])("%s over %s: %s", (cidr, address, expected) => {
  expect(covers(cidr, address)).toBe(expected);
});

test.each([
  "",
  "203.0.113",
  "203.0.113.256",
  "1.2.3.4/33",
  "1.2.3.4/24/8",
  "::1::",
  "1:2:3",
  "fe80::1%eth0",
  "x",
])("%s is no address and no prefix", (text) => {
  expect(parsePrefix(text)).toBeNull();
});
