import {
  convertCssVariables,
  DEFAULT_THEME,
  defaultCssVariablesResolver,
  em,
  mergeMantineTheme,
  px,
} from "@mantine/core";
import type { Plugin } from "vite";
import { theme } from "../src/theme";

const NAME = "virtual:mantine-theme.css";

/**
 * The style sheet that Mantine would otherwise write into the page when it starts: variables of the theme, and classes
 * that hide by width. As a file it needs no `unsafe-inline` in the Content Security Policy.
 */
export function mantineTheme(): Plugin {
  return {
    name: "mantine-theme",
    resolveId: (id) => (id === NAME ? `\0${NAME}` : undefined),
    load: (id) => (id === `\0${NAME}` ? themeSheet() : undefined),
  };
}

export function themeSheet(): string {
  const whole = mergeMantineTheme(DEFAULT_THEME, theme);
  const { breakpoints } = whole;
  const hiding = Object.entries(breakpoints).map(([name, width]) => {
    const from = Number(px(width));
    return (
      `@media (max-width: ${em(from - 0.1)}) { .mantine-visible-from-${name} { display: none !important; } }\n` +
      `@media (min-width: ${em(from)}) { .mantine-hidden-from-${name} { display: none !important; } }`
    );
  });
  return [convertCssVariables(defaultCssVariablesResolver(whole), ":root"), ...hiding].join("\n");
}
