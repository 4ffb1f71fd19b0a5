import { Badge, Group, Text } from "@mantine/core";
import { Ban } from "lucide-react";
import type { Block } from "../api/types";
import { duration, plural } from "../shared/format";
import { useNow } from "../shared/Time";

/** «applied on N of M sensors», and how long it still holds. */
export function BlockState({ block }: { block: Block }) {
  const { applied, total } = block.sensors;
  const everywhere = applied === total && total > 0;
  return (
    <Group gap={8}>
      <Badge color={everywhere ? "teal" : "yellow"} leftSection={<Ban size={11} />}>
        Blocked
      </Badge>
      <Text size="xs">
        applied on {applied} of {plural(total, "sensor")}
      </Text>
      <Text size="xs" c="dimmed">
        <Remaining block={block} />
      </Text>
    </Group>
  );
}

export function Remaining({ block: { expiresAt } }: { block: Block }) {
  const now = useNow();
  return <>{expiresAt === null ? "until lifted" : `${duration(expiresAt - now)} left`}</>;
}
