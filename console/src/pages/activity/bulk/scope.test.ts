import { expect, test } from "vitest";
import { given, isEverything, scopeText, toggledScope } from "./scope";

test("what is ignored is said as narrow or wide as it is", () => {
  expect(scopeText([], 1)).toBe("This actor, endpoint and policy");
  expect(scopeText(["anyActor"], 1)).toBe("This endpoint and policy");
  expect(scopeText(["anyActor", "anyEndpoint"], 1)).toBe("This policy");
  expect(scopeText([], 3)).toBe("Each combination of actor, endpoint and policy among them");
  expect(scopeText(["anyActor", "anyPolicy"], 3)).toBe("Each endpoint among them");
});

test("everything at once cannot be ignored", () => {
  expect(isEverything(["anyActor", "anyEndpoint"])).toBe(false);
  expect(isEverything(["anyActor", "anyEndpoint", "anyPolicy"])).toBe(true);
  expect(given(toggledScope(["anyActor"], "anyPolicy"))).toEqual({ anyActor: true, anyPolicy: true });
  expect(toggledScope(["anyActor"], "anyActor")).toEqual([]);
});
