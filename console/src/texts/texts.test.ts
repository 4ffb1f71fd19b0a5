import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { expect, test } from "vitest";

const SOURCES = join(import.meta.dirname, "..");
const files = readdirSync(SOURCES, { recursive: true, encoding: "utf8" }).filter(
  (file) => /\.tsx?$/.test(file) && !/\.test\.|generated|\.d\.ts/.test(file),
);
const textOf = (file: string) => readFileSync(join(SOURCES, file), "utf8");

/** Attributes and keys whose value somebody reads. */
const READ = new Set([
  ...["aria-label", "about", "cell", "description", "done", "empty", "failed", "header", "label", "message"],
  ...["placeholder", "submit", "title", "warning"],
]);
/** A name is read where it is drawn; a form field's is for the machine. */
const isRead = (attribute: ts.JsxAttribute): boolean => {
  const name = attribute.name.getText();
  return (
    READ.has(name) || (name === "name" && /^[A-Z]/.test(attribute.initializer?.getText().slice(1) ?? ""))
  );
};
const TOLD = new Set(["showDone", "showProblem", "showCoverage"]);
const isWord = (text: string) => /\p{L}{2}/u.test(text);

/** What of a source is read by people and written in it, with its line. */
function literalsIn(name: string, source: string): string[] {
  const tree = ts.createSourceFile(name, source, ts.ScriptTarget.Latest, true, ts.ScriptKind.TSX);
  const found: string[] = [];
  const report = (node: ts.Node) => {
    const { line } = tree.getLineAndCharacterOfPosition(node.getStart(tree));
    found.push(`${name}:${line + 1}: ${node.getText(tree).trim()}`);
  };
  /** The texts that an expression may come to. */
  const judge = (node: ts.Node | undefined): void => {
    if (!node) return;
    if (ts.isStringLiteralLike(node)) {
      if (isWord(node.text)) report(node);
    } else if (ts.isTemplateExpression(node)) {
      if (
        isWord(
          [node.head, ...node.templateSpans.map(({ literal }) => literal)].map(({ text }) => text).join(" "),
        )
      )
        report(node);
    } else if (ts.isConditionalExpression(node)) {
      judge(node.whenTrue);
      judge(node.whenFalse);
    } else if (ts.isBinaryExpression(node)) judge(node.right);
    else if (ts.isArrowFunction(node)) judge(node.body);
    else if (ts.isParenthesizedExpression(node) || ts.isJsxExpression(node)) judge(node.expression);
  };
  const visit = (node: ts.Node): void => {
    // What a machine reads is no language's.
    if (ts.isJsxElement(node) && /^code$/i.test(node.openingElement.tagName.getText(tree))) return;
    if (ts.isJsxText(node) && isWord(node.text)) report(node);
    else if (ts.isJsxExpression(node) && !ts.isJsxAttribute(node.parent)) judge(node.expression);
    else if (ts.isJsxAttribute(node) && isRead(node)) judge(node.initializer);
    else if (ts.isPropertyAssignment(node) && READ.has(node.name.getText(tree).replace(/"/g, "")))
      judge(node.initializer);
    else if (ts.isCallExpression(node) && TOLD.has(node.expression.getText(tree)))
      for (const argument of node.arguments) judge(argument);
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found;
}

test("what people read stands in texts/ and nowhere else", () => {
  const pages = files.filter((file) => file.endsWith(".tsx"));
  expect(pages.flatMap((file) => literalsIn(file, textOf(file)))).toEqual([]);
});

test("a text in a page is found wherever it stands", () => {
  const page = `const column = { header: "A" + "Host" };
    showDone(isOne ? t.moved : "moved");
    <Page title="Sensors" className="wide">Text{isOpen ? "open" : ""}<code>curl</code>{t.fine}</Page>;`;
  expect(literalsIn("Page.tsx", page).map((found) => found.replace(/^.*?: /, ""))).toEqual([
    '"Host"',
    '"moved"',
    '"Sensors"',
    "Text",
    '"open"',
  ]);
});

test("every text is read by somebody", () => {
  const unused = files
    .filter((file) => file.startsWith("texts"))
    .flatMap((file) => {
      const name = file.replace(/\.ts$/, "");
      const readers = files.map(textOf).filter((source) => source.includes(`/${name}"`));
      const keys = [...textOf(file).matchAll(/^ {2}(\w+):/gm)].map(([, key]) => key as string);
      return keys
        .filter((key) => !readers.some((source) => source.includes(`.${key}`)))
        .map((key) => `${name}.${key}`);
    });
  expect(unused).toEqual([]);
});
