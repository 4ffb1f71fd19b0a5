import { Box, CloseButton, Drawer, Group, Loader } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { FileQuestion } from "lucide-react";
import type { ReactNode } from "react";
import { ApiError } from "../api/client";
import { shared as t } from "../texts/shared";
import { EmptyState } from "./EmptyState";
import { ErrorNote } from "./ErrorNote";
import classes from "./SideDrawer.module.css";

interface SideDrawerProps {
  label: string;
  onClose: () => void;
  error: unknown;
  /** The title of an error. */
  failed: string;
  /** What is said where there is nothing at this address. */
  none: { title: string; about: string };
  /** `null` where there is nothing, `undefined` until it is known. */
  shown: ((closeButton: ReactNode) => ReactNode) | null | undefined;
}

/** One thing beside a list, which stays in use. */
export function SideDrawer({ label, onClose, error, failed, none, shown }: SideDrawerProps) {
  useHotkeys([["Escape", onClose]]);
  const closeButton = <CloseButton onClick={onClose} aria-label={t.close} />;
  const isGone = shown === null || (error instanceof ApiError && error.status === 422);
  return (
    <Drawer.Root
      opened
      onClose={onClose}
      position="right"
      size="min(700px, 100%)"
      closeOnClickOutside={false}
      closeOnEscape={false}
      trapFocus={false}
      lockScroll={false}
      transitionProps={{ duration: 0 }}
      shadow="xl"
    >
      <Drawer.Content aria-label={label} aria-modal={false} className={classes.content}>
        {shown ? (
          shown(closeButton)
        ) : (
          <Box p="md">
            <Group justify="flex-end">{closeButton}</Group>
            {isGone ? (
              <EmptyState icon={FileQuestion} title={none.title}>
                {none.about}
              </EmptyState>
            ) : error ? (
              <ErrorNote error={error} title={failed} />
            ) : (
              <Loader size="sm" role="status" aria-label={t.loading} />
            )}
          </Box>
        )}
      </Drawer.Content>
    </Drawer.Root>
  );
}

/** What stays in view while the rest of a drawer scrolls. */
export function DrawerHead({ children }: { children: ReactNode }) {
  return <header className={classes.header}>{children}</header>;
}
