import { Text } from "@mantine/core";
import { createLink } from "@tanstack/react-router";
import type { ComponentPropsWithRef } from "react";
import classes from "./Tile.module.css";

interface TileProps extends Omit<ComponentPropsWithRef<"a">, "children"> {
  name: string;
  /** `undefined` until it is known. */
  figure: string | undefined;
}

/** One figure that leads to what it counts. */
export const Tile = createLink(({ name, figure, ...link }: TileProps) => (
  <a {...link} className={classes.tile}>
    <Text size="xs" c="dimmed" fw={500}>
      {name}
    </Text>
    <Text fz={26} fw={650} lh={1.25} className={classes.figure}>
      {figure ?? "–"}
    </Text>
  </a>
));
