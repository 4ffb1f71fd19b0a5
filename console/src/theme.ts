import { createTheme, type MantineColorsTuple } from "@mantine/core";

const gate: MantineColorsTuple = [
  "#e6f7fa",
  "#d3ebef",
  "#a8d6de",
  "#79c0cd",
  "#53aebe",
  "#3aa3b6",
  "#2a9db2",
  "#18899d",
  "#067a8d",
  "#006a7c",
];

export const theme = createTheme({
  colors: { gate },
  primaryColor: "gate",
  primaryShade: { light: 8, dark: 7 },
  defaultRadius: "sm",
  respectReducedMotion: true,
  fontFamily: "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif",
  fontFamilyMonospace: "ui-monospace, 'SF Mono', 'Cascadia Mono', 'DejaVu Sans Mono', Menlo, monospace",
  headings: { fontWeight: "600", sizes: { h1: { fontSize: "1.25rem" }, h2: { fontSize: "1rem" } } },
  components: {
    // Locking the page behind one would take an inline style sheet, which the Content Security Policy refuses.
    Modal: { defaultProps: { lockScroll: false } },
    Drawer: { defaultProps: { lockScroll: false } },
    Table: { defaultProps: { verticalSpacing: 6, horizontalSpacing: 8, fz: 13 } },
    // On a phone they scroll: a second row of tabs reads as a second set.
    Tabs: { styles: { list: { flexWrap: "nowrap", overflow: "auto hidden" }, tab: { flexShrink: 0 } } },
    Badge: { defaultProps: { radius: "sm", variant: "light" } },
    Tooltip: { defaultProps: { openDelay: 300, withArrow: true, multiline: true, maw: 420 } },
  },
});
