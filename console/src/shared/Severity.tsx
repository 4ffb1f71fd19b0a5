import { Badge } from "@mantine/core";
import type { Severity } from "../api/types";

export const SEVERITIES = ["CRITICAL", "HIGH", "MEDIUM", "LOW"] as const satisfies Severity[];

const COLORS: Record<Severity, string> = { CRITICAL: "red", HIGH: "orange", MEDIUM: "yellow", LOW: "blue" };

/** The same on a canvas, which knows no style sheet. */
export const SEVERITY_INK: Record<Severity, string> = {
  CRITICAL: "#e03131",
  HIGH: "#f76707",
  MEDIUM: "#f0a800",
  LOW: "#339af0",
};

export const severityColor = (severity: string): string => COLORS[severity as Severity] ?? "gray";

export function SeverityBadge({ severity }: { severity: Severity }) {
  return (
    <Badge
      color={severityColor(severity)}
      size="sm"
      miw={72}
      variant={severity === "CRITICAL" ? "filled" : "light"}
    >
      {severity}
    </Badge>
  );
}
