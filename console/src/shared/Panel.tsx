import { Card, Group, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";

interface PanelProps {
  title: string;
  about?: string;
  children: ReactNode;
}

/** One part of a page, framed and named. */
export function Panel({ title, about, children }: PanelProps) {
  return (
    <Card withBorder component="section" aria-label={title}>
      <Group justify="space-between" mb="sm" gap="xs">
        <Title order={2} size="sm">
          {title}
        </Title>
        {about && (
          <Text size="xs" c="dimmed">
            {about}
          </Text>
        )}
      </Group>
      {children}
    </Card>
  );
}
