import { Group, Stack, Tabs, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { eventQuery } from "../../api/queries";
import type { ThreatEvent } from "../../api/types";
import { addressOf } from "../../block/address";
import { BlockIp, useBlockOver } from "../../block/BlockIp";
import { BlockState } from "../../block/BlockState";
import { SeverityBadge } from "../../shared/Severity";
import { DrawerHead, SideDrawer } from "../../shared/SideDrawer";
import { Hostile } from "../../shared/text";
import { activity as t } from "../../texts/activity";
import { TicketNote } from "../../ticket/TicketNote";
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
  const { data, error } = useQuery(eventQuery(eventId));
  const close = () =>
    void navigate({ to: "/activity", search: ({ view: _, ...list }) => list, resetScroll: false });

  return (
    <SideDrawer
      label={t.event}
      onClose={close}
      error={error}
      failed={t.theEventCouldNot}
      none={{ title: t.thereIsNoSuch, about: t.itWasDeletedOr }}
      shown={data && ((closeButton) => <Event event={data} closeButton={closeButton} />)}
    />
  );
}

function Event({ event, closeButton }: { event: ThreatEvent; closeButton: ReactNode }) {
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
      <DrawerHead>
        <Group justify="space-between" wrap="nowrap" align="flex-start">
          <Group gap="xs">
            <SeverityBadge severity={event.severity} />
            <Title order={2}>{event.filterId}</Title>
          </Group>
          {closeButton}
        </Group>
        <Stack gap={8} mt={6}>
          <Text size="sm">
            <Hostile>{`${event.method} ${event.url}`}</Hostile>{" "}
            <Text span c="dimmed">
              {t.fromActor}
            </Text>{" "}
            <Hostile>{event.actor}</Hostile>
          </Text>
          <Group justify="space-between" gap="xs">
            {block ? <BlockState block={block} /> : <span />}
            <Group gap="xs">
              <StatusActions event={event} />
              <BlockIp
                address={addressOf(event)}
                reason={t.blockReason(event.filterId, event.url).slice(0, 200)}
              />
            </Group>
          </Group>
          <Group>
            <TicketNote
              ticket={event.ticket}
              of={{ events: { eventIds: [event.id] } }}
              one={{ eventId: event.id }}
            />
          </Group>
        </Stack>
      </DrawerHead>
      <Tabs
        value={view}
        onChange={(view) => show((view ?? "overview") as View)}
        keepMounted={false}
        px="md"
        pb="md"
      >
        <Tabs.List mb="md">
          <Tabs.Tab value="overview">{t.overview}</Tabs.Tab>
          <Tabs.Tab value="timeline">{t.timeline}</Tabs.Tab>
          <Tabs.Tab value="values">{t.values}</Tabs.Tab>
          <Tabs.Tab value="remediation">{t.remediationTab}</Tabs.Tab>
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
