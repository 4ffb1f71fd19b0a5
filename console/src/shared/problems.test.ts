import { expect, test } from "vitest";
import { ApiError } from "../api/client";
import { problemsOf, within } from "./problems";

test("what the control plane refuses is found at its field", () => {
  const error = new ApiError(422, [
    "rateLimits[0].name: is another one's already",
    "rateLimits[0].requests: is between 2 and 100000",
    "trustedProxies.cidrs[1]: 0.0.0.0/0 is everybody",
    "The control plane does not answer.",
  ]);
  const problems = problemsOf(error);
  expect(problems.at.get("rateLimits[0].name")).toBe("is another one's already");
  expect(within(problems, "trustedProxies.cidrs")).toEqual(["[1]: 0.0.0.0/0 is everybody"]);
  expect(within(problems, "rateLimits[1]")).toEqual([]);
  expect(problems.others).toEqual(["The control plane does not answer."]);
});
