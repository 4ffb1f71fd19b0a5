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

/** Where Mantine's own colours stay below a contrast of 4.5 (WCAG 2.2, 1.4.3) on what they stand on here. */
const READABLE = {
  light: {
    "--mantine-color-dimmed": "#525a62",
    "--mantine-color-placeholder": "#667079",
    "--mantine-color-red-filled": "#c92a2a",
    "--mantine-color-red-filled-hover": "#b02525",
    "--mantine-color-red-text": "#c92a2a",
    "--mantine-color-red-light-color": "#a51111",
    "--mantine-color-orange-text": "#a63a00",
    "--mantine-color-orange-light-color": "#8f3200",
    "--mantine-color-yellow-text": "#7a5200",
    "--mantine-color-yellow-light-color": "#714b00",
    "--mantine-color-teal-text": "#066e50",
    "--mantine-color-teal-light-color": "#055740",
    "--mantine-color-blue-light-color": "#0b5394",
    "--mantine-color-gray-light-color": "#495057",
    "--mantine-color-gate-light-color": "#00505d",
    "--mantine-primary-color-light-color": "#00505d",
    "--mantine-color-anchor": "#006a7c",
  },
  dark: {
    "--mantine-color-dimmed": "#a6a6a6",
    "--mantine-color-placeholder": "#9a9a9a",
    "--mantine-color-red-filled": "#c92a2a",
    "--mantine-color-red-filled-hover": "#b02525",
    "--mantine-color-red-text": "#ff8f8f",
    "--mantine-color-red-light-color": "#ffb3b3",
    "--mantine-color-orange-text": "#ffa94d",
    "--mantine-color-orange-light-color": "#ffd8a8",
    "--mantine-color-yellow-light-color": "#ffec99",
    "--mantine-color-teal-text": "#4fd3a9",
    "--mantine-color-teal-light-color": "#96f2d7",
    "--mantine-color-blue-light-color": "#a5d8ff",
    "--mantine-color-gray-light-color": "#ced4da",
    "--mantine-color-gate-light-color": "#b5e6ee",
    "--mantine-color-gate-filled": "#0a7283",
    "--mantine-color-gate-filled-hover": "#085f6d",
    "--mantine-primary-color-filled": "#0a7283",
    "--mantine-primary-color-filled-hover": "#085f6d",
    "--mantine-primary-color-light-color": "#b5e6ee",
    "--mantine-color-anchor": "#5cc6d6",
  },
} as const;

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
  const { variables, light, dark } = defaultCssVariablesResolver(whole);
  const resolved = { variables, light: { ...light, ...READABLE.light }, dark: { ...dark, ...READABLE.dark } };
  return [convertCssVariables(resolved, ":root"), ...hiding].join("\n");
}
