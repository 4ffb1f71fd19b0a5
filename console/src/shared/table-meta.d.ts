import "@tanstack/react-table";
import type { MantineBreakpoint } from "@mantine/core";

declare module "@tanstack/react-table" {
  interface ColumnMeta<TData, TValue> {
    /** The narrowest screen that shows this column. */
    from?: MantineBreakpoint;
    width?: number | string;
    align?: "left" | "right" | "center";
    /** For a column whose heading is a symbol or empty. */
    label?: string;
  }
}
