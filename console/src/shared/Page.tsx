import { Box, Group, Text, Title } from "@mantine/core";
import { type ReactNode, useEffect } from "react";
import classes from "./Page.module.css";

interface PageProps {
  title: string;
  about: string;
  /** What stands right of the title: the time range, a button. */
  actions?: ReactNode;
  /** As high as the window, for a page whose list scrolls by itself. */
  fill?: boolean;
  children: ReactNode;
}

export function Page({ title, about, actions, fill = false, children }: PageProps) {
  useEffect(() => {
    document.title = `${title} · Portcullis`;
  }, [title]);
  return (
    <Box component="section" aria-label={title} className={fill ? classes.fill : undefined}>
      <Group justify="space-between" align="flex-end" mb="md" gap="sm">
        <div>
          <Title order={1}>{title}</Title>
          <Text size="sm" c="dimmed">
            {about}
          </Text>
        </div>
        {actions && <Group gap="xs">{actions}</Group>}
      </Group>
      {children}
    </Box>
  );
}
