import { Group, Progress, Skeleton, Stack, Text } from "@mantine/core";
import type { CategoryCount } from "../../api/types";
import { count } from "../../shared/format";

const SHOWN = 8;

/** The sub-categories with the most events. */
export function CategoryBars({ counts }: { counts: CategoryCount[] | undefined }) {
  if (!counts) return <Skeleton height={180} />;
  if (counts.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        Nothing to rank yet.
      </Text>
    );
  }
  const most = Math.max(...counts.map(({ count }) => count));
  return (
    <Stack gap={10}>
      {counts.slice(0, SHOWN).map((row) => (
        <div key={`${row.category} ${row.subCategory}`}>
          <Group justify="space-between" wrap="nowrap" gap="xs">
            <Text size="sm" truncate>
              {row.subCategory}
            </Text>
            <Text size="sm" fw={600}>
              {count(row.count)}
            </Text>
          </Group>
          <Progress value={(row.count / most) * 100} size="xs" aria-label={row.subCategory} />
        </div>
      ))}
    </Stack>
  );
}
