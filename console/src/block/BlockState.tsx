import { Badge, Group, Text } from "@mantine/core";
import { Ban } from "lucide-react";
import type { Block } from "../api/types";
import { Remaining } from "../shared/Remaining";
import { block as t } from "../texts/block";
import { coverageOf, coverageText } from "./coverage";

/** «applied on N of M sensors», how long it still holds, and who refused it. */
export function BlockState({ block }: { block: Block }) {
  const coverage = coverageOf(block);
  const everywhere = coverage.enforcing === coverage.total && coverage.total > 0;
  return (
    <div>
      <Group gap={8}>
        <Badge color={everywhere ? "teal" : "yellow"} leftSection={<Ban size={11} />}>
          {t.isBlocked}
        </Badge>
        <Text size="xs">{coverageText(coverage)}</Text>
        <Text size="xs" c="dimmed">
          <Remaining until={block.expiresAt} />
        </Text>
      </Group>
      {coverage.refusals.map((refusal) => (
        <Text key={refusal} size="xs" c="red" mt={4}>
          {t.refusedBy(refusal)}
        </Text>
      ))}
    </div>
  );
}
