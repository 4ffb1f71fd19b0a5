import { expect, test } from "vitest";
import { ApiError } from "../../../api/client";
import { rangeOf, textProblemsOf } from "./problems";

test("a refusal says line and column, and marks the word there", () => {
  const text = "id: X\nfilter: {detect: nope}\n";
  const error = new ApiError(422, [
    "content: line 2, column 18: detect: unknown value `nope`; known are sqli",
  ]);
  const [problem] = textProblemsOf(error) ?? [];
  expect(problem).toEqual({ line: 2, column: 18, message: "detect: unknown value `nope`; known are sqli" });
  const { from, to } = rangeOf(text, problem ?? { line: 0, column: 0, message: "" });
  expect(text.slice(from, to)).toBe("nope");
});

test("a refusal without a place, and one of something else, are told apart", () => {
  const whole = textProblemsOf(new ApiError(422, ["content: holds no policy"]));
  expect(whole).toEqual([{ line: 0, column: 0, message: "holds no policy" }]);
  expect(textProblemsOf(new ApiError(422, ["sample: is too long"]))).toBeUndefined();
  expect(textProblemsOf(new ApiError(403, ["no"]))).toBeUndefined();
});

test("a column counts characters, not units of UTF-16, and a place beyond the text is its end", () => {
  const text = "a: 😀 bad";
  expect(rangeOf(text, { line: 1, column: 6, message: "" })).toEqual({ from: 6, to: 9 });
  expect(rangeOf(text, { line: 9, column: 9, message: "" }).to).toBeLessThanOrEqual(text.length);
});
