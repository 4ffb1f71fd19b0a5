import { Alert, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Bomb } from "lucide-react";
import { policiesQuery } from "../../../api/queries";
import { sensorsQuery } from "../../../api/sensors";
import type { ThreatEvent } from "../../../api/types";
import { Country } from "../../../shared/Country";
import { Fact, Facts } from "../../../shared/Fact";
import { plural } from "../../../shared/format";
import { PageAnchor } from "../../../shared/links";
import { SafeMarkdown } from "../../../shared/SafeMarkdown";
import { DateTime } from "../../../shared/Time";
import { Hostile } from "../../../shared/text";
import { MatchList } from "./MatchList";

const STATUS_NAMES = { ACTIVE: "Active", UNDER_REVIEW: "Under review", IGNORED: "Ignored" } as const;

/** What happened, why it was called an attack, and why that matters. */
export function OverviewView({ event }: { event: ThreatEvent }) {
  const { data: policies } = useQuery(policiesQuery);
  const sensors = useQuery(sensorsQuery).data?.sensors;
  const info = policies?.find(({ id }) => id === event.filterId)?.info;
  return (
    <Stack gap="lg">
      {event.successfulExploit && (
        <Alert color="red" icon={<Bomb size={18} />} title="The exploit succeeded">
          {event.successEvidence
            ? `The response shows it (${event.successEvidence.kind.replaceAll("-", " ")}): it is marked under Values.`
            : "The response shows it: see Values."}
        </Alert>
      )}
      <Facts>
        <Fact name="Detected">
          <DateTime at={event.timestamp} />
        </Fact>
        <Fact name="Actor">
          <PageAnchor to="/actors/$actor" params={{ actor: event.actor }} size="sm">
            <Hostile>{event.actor}</Hostile>
          </PageAnchor>{" "}
          <Country code={event.country} />
        </Fact>
        <Fact name="Host">
          <Hostile>{event.host}</Hostile>
        </Fact>
        <Fact name="Category">{info?.category.displayName ?? event.category}</Fact>
        <Fact name="Type">
          {event.type},{" "}
          {event.eventType === "AGGREGATED"
            ? `aggregated from ${plural(event.matchCount ?? 0, "match", "matches")}`
            : (event.matchCount ?? 1) > 1
              ? `single, ${plural(event.matchCount ?? 1, "time", "times")}`
              : "single"}
        </Fact>
        <Fact name="Status">{STATUS_NAMES[event.status]}</Fact>
        <Fact name="Policy">
          <PageAnchor to="/policies/$policyId" params={{ policyId: event.filterId }} size="sm">
            {event.filterId}
          </PageAnchor>
        </Fact>
        {event.sensorId && (
          <Fact name="Sensor">
            {sensors?.find(({ id }) => id === event.sensorId)?.node ?? event.sensorId}
          </Fact>
        )}
      </Facts>
      <Part title="Why it matched">
        <MatchList matches={event.matched ?? []} />
      </Part>
      {info?.description && (
        <Part title="Description">
          <SafeMarkdown>{info.description}</SafeMarkdown>
        </Part>
      )}
      {info?.details && (
        <Part title="Details">
          <SafeMarkdown>{info.details}</SafeMarkdown>
        </Part>
      )}
      {info?.impact && (
        <Part title="Impact">
          <SafeMarkdown>{info.impact}</SafeMarkdown>
        </Part>
      )}
      {policies && !info && (
        <Text size="sm" c="dimmed">
          The policy {event.filterId} is no longer among the policies, so there is no description of it.
        </Text>
      )}
    </Stack>
  );
}

function Part({ title, children }: { title: string; children: React.ReactNode }) {
  return (
    <section>
      <Title order={3} size="sm" mb={6}>
        {title}
      </Title>
      {children}
    </section>
  );
}
