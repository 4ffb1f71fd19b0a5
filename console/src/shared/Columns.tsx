import type { CSSProperties, ReactNode } from "react";
import classes from "./Columns.module.css";

interface ColumnsProps {
  /** The least width of a column, in pixels. */
  least: number;
  gap?: number;
  rowGap?: number;
  children: ReactNode;
}

/** Side by side where there is room for it, and never an inline style sheet, as Mantine's grids need. */
export function Columns({ least, gap, rowGap, children }: ColumnsProps) {
  const style = {
    "--columns-least": `${least}px`,
    ...(gap === undefined ? {} : { "--columns-gap": `${gap}px` }),
    ...(rowGap === undefined ? {} : { "--columns-row-gap": `${rowGap}px` }),
  } as CSSProperties;
  return (
    <div className={classes.columns} style={style}>
      {children}
    </div>
  );
}
