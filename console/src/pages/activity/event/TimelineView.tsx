import { Group, Skeleton, Stack, Text, Timeline } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { History } from "lucide-react";
import { AttemptsChart } from "../../../actor/AttemptsChart";
import { actorActivityQuery, MOST_ATTEMPTS } from "../../../api/queries";
import type { ThreatEvent } from "../../../api/types";
import { EmptyState } from "../../../shared/EmptyState";
import { ErrorNote } from "../../../shared/ErrorNote";
import { PageAnchor } from "../../../shared/links";
import { SeverityBadge, severityColor } from "../../../shared/Severity";
import { Time } from "../../../shared/Time";
import { Hostile } from "../../../shared/text";
import { activity as t } from "../../../texts/activity";

const LISTED = 50;

/** The attempts of this event's actor: their pattern, timing and frequency. */
export function TimelineView({ event }: { event: ThreatEvent }) {
  const { data: attempts, error } = useQuery(actorActivityQuery(event.actor));
  const navigate = useNavigate();
  if (error && !attempts) return <ErrorNote error={error} title={t.theActorsAttemptsCould} />;
  if (!attempts) return <Skeleton height={240} />;
  const isAll = attempts.length < MOST_ATTEMPTS;
  if (attempts.length === 0) {
    return (
      <EmptyState icon={History} title={t.noOtherAttemptIs}>
        {t.theEventsOfThis}
      </EmptyState>
    );
  }
  return (
    <Stack>
      <Group justify="space-between" gap="xs">
        <Text size="sm" c="dimmed">
          {isAll ? t.attempt(attempts.length) : t.theLatestAttempt(attempts.length)} {t.ofThePolicy}{" "}
          <Hostile>{event.actor}</Hostile>
        </Text>
        <PageAnchor to="/actors/$actor" params={{ actor: event.actor }} size="sm">
          {t.theWholeStory}
        </PageAnchor>
      </Group>
      <AttemptsChart
        actor={event.actor}
        activity={attempts}
        onPick={({ from, to }) =>
          void navigate({ to: "/activity", search: { from, to, actor: [event.actor] } })
        }
      />
      <Timeline bulletSize={12} lineWidth={1} active={attempts.length}>
        {attempts.slice(0, LISTED).map((attempt, index) => (
          <Timeline.Item
            key={`${attempt.detectedAt} ${attempt.url} ${index}`}
            color={severityColor(attempt.severity)}
          >
            <Group gap="xs" wrap="nowrap">
              <SeverityBadge severity={attempt.severity} />
              <Text size="sm">{attempt.subCategory}</Text>
              <Text size="xs" c="dimmed">
                <Time at={attempt.detectedAt} />
              </Text>
            </Group>
            <Text size="sm">
              <Hostile>{`${attempt.method} ${attempt.url}`}</Hostile>
            </Text>
          </Timeline.Item>
        ))}
      </Timeline>
    </Stack>
  );
}
