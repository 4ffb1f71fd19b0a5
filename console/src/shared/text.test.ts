import { expect, test } from "vitest";
import { reveal } from "./text";

test("characters that would reorder or hide a line are spelled out", () => {
  expect(reveal("/safe\u202etxt.exe\u0000\u200b")).toBe("/safe\\u{202e}txt.exe\\x00\\u{200b}");
});

test("a line break stays one only where several lines are shown", () => {
  expect(reveal("a\r\nb")).toBe("a\\x0d\\x0ab");
  expect(reveal("a\r\nb", true)).toBe("a\nb");
});
