import { Text } from "@mantine/core";
import type { CategoryCount, Severity } from "../../api/types";
import { count } from "../../shared/format";
import { SEVERITIES, severityColor } from "../../shared/Severity";
import classes from "./Tile.module.css";

interface SeverityTilesProps {
  counts: CategoryCount[] | undefined;
  chosen: Severity | undefined;
  onChoose: (severity: Severity | undefined) => void;
}

/** Events by severity; one that is pressed narrows the page. The reply leaves out what has none. */
export function SeverityTiles({ counts, chosen, onChoose }: SeverityTilesProps) {
  return SEVERITIES.map((severity) => (
    <button
      key={severity}
      type="button"
      className={classes.tile}
      style={{ borderInlineStart: `3px solid var(--mantine-color-${severityColor(severity)}-6)` }}
      aria-pressed={chosen === severity}
      onClick={() => onChoose(chosen === severity ? undefined : severity)}
    >
      <Text size="xs" c="dimmed" fw={500}>
        {severity}
      </Text>
      <Text fz={26} fw={650} lh={1.25} className={classes.figure}>
        {counts ? count(counts.find(({ subCategory }) => subCategory === severity)?.count ?? 0) : "–"}
      </Text>
    </button>
  ));
}
