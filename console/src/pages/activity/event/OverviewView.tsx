import { Alert, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Bomb } from "lucide-react";
import { policiesQuery } from "../../../api/queries";
import { sensorsQuery } from "../../../api/sensors";
import type { ThreatEvent } from "../../../api/types";
import { Country } from "../../../shared/Country";
import { Fact, Facts } from "../../../shared/Fact";
import { PageAnchor } from "../../../shared/links";
import { SafeMarkdown } from "../../../shared/SafeMarkdown";
import { DateTime } from "../../../shared/Time";
import { Hostile } from "../../../shared/text";
import { activity as t } from "../../../texts/activity";
import { MatchList } from "./MatchList";

const STATUS_NAMES = { ACTIVE: t.active, UNDER_REVIEW: t.underReview, IGNORED: t.ignored } as const;

/** What happened, why it was called an attack, and why that matters. */
export function OverviewView({ event }: { event: ThreatEvent }) {
  const { data: policies } = useQuery(policiesQuery);
  const sensors = useQuery(sensorsQuery).data?.sensors;
  const info = policies?.find(({ id }) => id === event.filterId)?.info;
  return (
    <Stack gap="lg">
      {event.successfulExploit && (
        <Alert color="red" icon={<Bomb size={18} />} title={t.theExploitSucceeded}>
          {event.successEvidence
            ? t.theResponseShowsIt(event.successEvidence.kind.replaceAll("-", " "))
            : t.theResponseShowsItSomewhere}
        </Alert>
      )}
      <Facts>
        <Fact name={t.detected}>
          <DateTime at={event.timestamp} />
        </Fact>
        <Fact name={t.actor}>
          <PageAnchor to="/actors/$actor" params={{ actor: event.actor }} size="sm">
            <Hostile>{event.actor}</Hostile>
          </PageAnchor>{" "}
          <Country code={event.country} />
        </Fact>
        <Fact name={t.host}>
          <Hostile>{event.host}</Hostile>
        </Fact>
        <Fact name={t.category}>{info?.category.displayName ?? event.category}</Fact>
        <Fact name={t.type}>
          {event.type},{" "}
          {event.eventType === "AGGREGATED"
            ? t.aggregatedFromMatch(event.matchCount ?? 0)
            : (event.matchCount ?? 1) > 1
              ? t.singleTime(event.matchCount ?? 1)
              : t.single}
        </Fact>
        <Fact name={t.status}>{STATUS_NAMES[event.status]}</Fact>
        <Fact name={t.policy}>
          <PageAnchor to="/policies/$policyId" params={{ policyId: event.filterId }} size="sm">
            {event.filterId}
          </PageAnchor>
        </Fact>
        {event.sensorId && (
          <Fact name={t.sensor}>
            {sensors?.find(({ id }) => id === event.sensorId)?.node ?? event.sensorId}
          </Fact>
        )}
      </Facts>
      <Part title={t.whyItMatched}>
        <MatchList matches={event.matched ?? []} />
      </Part>
      {info?.description && (
        <Part title={t.description}>
          <SafeMarkdown>{info.description}</SafeMarkdown>
        </Part>
      )}
      {info?.details && (
        <Part title={t.details}>
          <SafeMarkdown>{info.details}</SafeMarkdown>
        </Part>
      )}
      {info?.impact && (
        <Part title={t.impact}>
          <SafeMarkdown>{info.impact}</SafeMarkdown>
        </Part>
      )}
      {policies && !info && (
        <Text size="sm" c="dimmed">
          {t.thePolicyIsNo(event.filterId)}
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
