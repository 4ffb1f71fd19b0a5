import { Box, CloseButton, Drawer, Group, Loader, Stack, Tabs, Text, Title } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { FileQuestion } from "lucide-react";
import { eventQuery } from "../../api/queries";
import type { ThreatEvent } from "../../api/types";
import { addressOf } from "../../block/address";
import { BlockIp, useBlockOver } from "../../block/BlockIp";
import { BlockState } from "../../block/BlockState";
import { EmptyState } from "../../shared/EmptyState";
import { ErrorNote } from "../../shared/ErrorNote";
import { SeverityBadge } from "../../shared/Severity";
import { Hostile } from "../../shared/text";
import classes from "./EventDrawer.module.css";
import { OverviewView } from "./event/OverviewView";
import { RemediationView } from "./event/RemediationView";
import { StatusActions } from "./event/StatusActions";
import { TimelineView } from "./event/TimelineView";
import { ValuesView } from "./event/ValuesView";
import type { View } from "./search";

const route = getRouteApi("/shell/activity/$eventId");

/** One event beside the list, which stays in use. */
export function EventDrawer() {
  const { eventId } = route.useParams();
  const navigate = route.useNavigate();
  const event = useQuery(eventQuery(eventId));
  const close = () =>
    void navigate({ to: "/activity", search: ({ view: _, ...list }) => list, resetScroll: false });
  useHotkeys([["Escape", close]]);

  return (
    <Drawer.Root
      opened
      onClose={close}
      position="right"
      size="min(700px, 100%)"
      closeOnClickOutside={false}
      closeOnEscape={false}
      trapFocus={false}
      lockScroll={false}
      transitionProps={{ duration: 0 }}
      shadow="xl"
    >
      <Drawer.Content aria-label="Event" aria-modal={false} className={classes.content}>
        {event.data ? (
          <Event event={event.data} onClose={close} />
        ) : (
          <Box p="md">
            <Group justify="flex-end">
              <CloseButton onClick={close} aria-label="Close" />
            </Group>
            {event.isPending && <Loader size="sm" role="status" aria-label="Loading" />}
            {event.isError && <ErrorNote error={event.error} title="The event could not be loaded" />}
            {event.data === null && (
              <EmptyState icon={FileQuestion} title="There is no such event">
                It was deleted, or the address is not whole.
              </EmptyState>
            )}
          </Box>
        )}
      </Drawer.Content>
    </Drawer.Root>
  );
}

function Event({ event, onClose }: { event: ThreatEvent; onClose: () => void }) {
  const { view = "overview" } = route.useSearch();
  const navigate = route.useNavigate();
  const block = useBlockOver(addressOf(event));
  const show = (view: View) =>
    void navigate({
      to: ".",
      search: (old) => ({ ...old, view: view === "overview" ? undefined : view }),
      replace: true,
    });

  return (
    <>
      <header className={classes.header}>
        <Group justify="space-between" wrap="nowrap" align="flex-start">
          <Group gap="xs">
            <SeverityBadge severity={event.severity} />
            <Title order={2}>{event.filterId}</Title>
          </Group>
          <CloseButton onClick={onClose} aria-label="Close" />
        </Group>
        <Stack gap={8} mt={6}>
          <Text size="sm">
            <Hostile>{`${event.method} ${event.url}`}</Hostile>{" "}
            <Text span c="dimmed">
              from
            </Text>{" "}
            <Hostile>{event.actor}</Hostile>
          </Text>
          <Group justify="space-between" gap="xs">
            {block ? <BlockState block={block} /> : <span />}
            <Group gap="xs">
              <StatusActions event={event} />
              <BlockIp
                address={addressOf(event)}
                reason={`${event.filterId} on ${event.url}`.slice(0, 200)}
              />
            </Group>
          </Group>
        </Stack>
      </header>
      <Tabs
        value={view}
        onChange={(view) => show((view ?? "overview") as View)}
        keepMounted={false}
        px="md"
        pb="md"
      >
        <Tabs.List mb="md">
          <Tabs.Tab value="overview">Overview</Tabs.Tab>
          <Tabs.Tab value="timeline">Timeline</Tabs.Tab>
          <Tabs.Tab value="values">Values</Tabs.Tab>
          <Tabs.Tab value="remediation">Remediation</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="overview">
          <OverviewView event={event} />
        </Tabs.Panel>
        <Tabs.Panel value="timeline">
          <TimelineView event={event} />
        </Tabs.Panel>
        <Tabs.Panel value="values">
          <ValuesView event={event} />
        </Tabs.Panel>
        <Tabs.Panel value="remediation">
          <RemediationView policyId={event.filterId} />
        </Tabs.Panel>
      </Tabs>
    </>
  );
}
