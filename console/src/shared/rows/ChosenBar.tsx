import { Button, CloseButton, Group, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { shared as t } from "../../texts/shared";
import classes from "./ChosenBar.module.css";
import { MOST_IDS, sizeOf } from "./selection";
import type { Chosen } from "./useChosen";

interface ChosenBarProps<Filter> {
  label: string;
  chosen: Chosen<Filter>;
  /** How many rows the list has. */
  total: number;
  /** The actions. */
  children: ReactNode;
}

/** What can be done with the chosen rows; it lies over the list's end and moves nothing. */
export function ChosenBar<Filter>({ label, chosen, total, children }: ChosenBarProps<Filter>) {
  const { selection, chooseAll, clear } = chosen;
  const size = sizeOf(selection);
  return (
    <Group className={classes.bar} gap="xs" role="toolbar" aria-label={label}>
      <Text size="sm" fw={600} aria-live="polite">
        {t.chosen(size)}
      </Text>
      {isTooMany(chosen) && (
        <Text size="xs" c="red">
          {t.oneByOneAtMost(MOST_IDS)}
        </Text>
      )}
      {selection.kind === "some" && total > size && (
        <Button size="compact-xs" variant="subtle" onClick={chooseAll}>
          {t.chooseAll(total)}
        </Button>
      )}
      <Group gap={6} className={classes.actions}>
        {children}
      </Group>
      <CloseButton size="sm" aria-label={t.chooseNone} onClick={clear} />
    </Group>
  );
}

/** More rows are chosen one by one than a request may name. */
export const isTooMany = ({ selection }: Chosen<unknown>): boolean =>
  selection.kind === "some" && sizeOf(selection) > MOST_IDS;
