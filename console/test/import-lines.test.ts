import { expect, test } from "vitest";
import { importLines, linesOf } from "../src/pages/blocklist/import/lines";
import { answering } from "./control-plane";

test("a list has a prefix a line, with a reason or none, comments and empty lines between", () => {
  const text =
    '# feed\r\n203.0.113.7\n\n198.51.100.0/24, "botnet, again"\n2001:db8::/48 # seen twice\nnope\n';
  expect(linesOf(text)).toEqual([
    { line: 2, cidr: "203.0.113.7" },
    { line: 4, cidr: "198.51.100.0/24", reason: "botnet, again" },
    { line: 5, cidr: "2001:db8::/48", reason: "seen twice" },
    { line: 6, cidr: "nope" },
  ]);
});

test("a long list goes in parts, and a problem keeps the line it stands in", async () => {
  const parts: number[] = [];
  answering({
    importBlocks: ({ blocks, dryRun, permanent }) => {
      expect({ dryRun, permanent }).toEqual({ dryRun: true, permanent: true });
      const given = blocks as { cidr: string }[];
      parts.push(given.length);
      const index = given.findIndex(({ cidr }) => cidr === "nope");
      const problems = index < 0 ? [] : [{ index, cidr: "nope", problem: "is no prefix" }];
      return { accepted: given.length - problems.length, problems };
    },
  });
  const text = `${Array.from({ length: 6_000 }, () => "203.0.113.7").join("\n")}\n# c\nnope\n`;
  const terms = { reason: "", ttlSeconds: null, dryRun: true };
  const imported = await importLines("blocks", linesOf(text), terms);
  expect(parts).toEqual([5_000, 1_001]);
  expect(imported).toEqual({
    accepted: 6_000,
    problems: [{ line: 6_002, text: "nope", problem: "is no prefix" }],
  });
});
