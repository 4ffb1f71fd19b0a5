import { Card, Text } from "@mantine/core";
import { createLink } from "@tanstack/react-router";
import type { ComponentPropsWithRef } from "react";
import classes from "./Tile.module.css";

interface TileProps extends Omit<ComponentPropsWithRef<"a">, "children"> {
  name: string;
  /** `undefined` until it is known. */
  figure: string | undefined;
  color?: string;
}

/** One figure that leads to what it counts. */
export const Tile = createLink(({ name, figure, color, ...link }: TileProps) => (
  <Card
    withBorder
    component="a"
    py="xs"
    px="md"
    {...link}
    className={classes.tile}
    style={color ? { borderLeft: `3px solid var(--mantine-color-${color}-6)` } : undefined}
  >
    <Text size="xs" c="dimmed" tt={color ? "uppercase" : undefined} fw={500}>
      {name}
    </Text>
    <Text fz={26} fw={650} lh={1.25} className={classes.figure}>
      {figure ?? "–"}
    </Text>
  </Card>
));
