import { MantineProvider } from "@mantine/core";
import { render, screen } from "@testing-library/react";
import { expect, test } from "vitest";
import { SafeMarkdown } from "./SafeMarkdown";

const show = (markdown: string) =>
  render(
    <MantineProvider env="test">
      <SafeMarkdown>{markdown}</SafeMarkdown>
    </MantineProvider>,
  );

test("raw HTML and images are not drawn", () => {
  const { container } = show("<script>alert(1)</script>\n\n![beacon](http://evil.example/x.png) **bold**");
  expect(container.querySelector("script, img")).toBeNull();
  expect(screen.getByText("bold").tagName).toBe("STRONG");
});

test("only http and https become links", () => {
  show("[good](https://owasp.org/x) [bad](javascript:alert(1)) [worse](data:text/html,x) [here](/logout)");
  expect(screen.getAllByRole("link").map((link) => link.getAttribute("href"))).toEqual([
    "https://owasp.org/x",
  ]);
});
