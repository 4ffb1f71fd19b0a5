import { expect, test } from "vitest";
import { formatOf } from "./format";

test("SARIF is told from nuclei's lines, broken or whole", () => {
  expect(formatOf(' {"version": "2.1.0", "runs": []}')).toBe("sarif");
  expect(formatOf('{"$schema": "https://example.com", "runs": [')).toBe("sarif");
  expect(formatOf('{"template-id": "a"}\n{"template-id": "b"}\n')).toBe("nuclei");
  expect(formatOf('{"template-id": "a"}')).toBe("nuclei");
  expect(formatOf(" \n")).toBeUndefined();
});
