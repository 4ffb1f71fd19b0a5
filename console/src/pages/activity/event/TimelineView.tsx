import { Group, Skeleton, Stack, Text, Timeline } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { History } from "lucide-react";
import { useMemo } from "react";
import { actorActivityQuery } from "../../../api/queries";
import type { ActorActivity, ThreatEvent } from "../../../api/types";
import { EmptyState } from "../../../shared/EmptyState";
import { ErrorNote } from "../../../shared/ErrorNote";
import { dateTime, plural } from "../../../shared/format";
import { LazyChart, TOOLTIP } from "../../../shared/LazyChart";
import { SEVERITIES, SEVERITY_INK, SeverityBadge, severityColor } from "../../../shared/Severity";
import { Time } from "../../../shared/Time";
import { Hostile, reveal } from "../../../shared/text";

const LISTED = 50;

/** The attempts of this event's actor: their pattern, timing and frequency. */
export function TimelineView({ event }: { event: ThreatEvent }) {
  const { data: attempts, error } = useQuery(actorActivityQuery(event.actor));
  const option = useMemo(() => attempts && scatter(attempts), [attempts]);
  if (error && !attempts) return <ErrorNote error={error} title="The actor's attempts could not be loaded" />;
  if (!attempts || !option) return <Skeleton height={240} />;
  if (attempts.length === 0) {
    return (
      <EmptyState icon={History} title="No other attempt is kept">
        The events of this actor were deleted or have run out of their time.
      </EmptyState>
    );
  }
  return (
    <Stack>
      <Text size="sm" c="dimmed">
        {plural(attempts.length, "attempt")} of <Hostile>{event.actor}</Hostile>, the latest first
      </Text>
      <LazyChart
        label={`Attempts of ${event.actor} over time, by attack`}
        height={chartHeight(attempts)}
        option={option}
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

const kinds = (attempts: ActorActivity[]) =>
  [...new Set(attempts.map(({ subCategory }) => subCategory))].sort();
const chartHeight = (attempts: ActorActivity[]) => 60 + kinds(attempts).length * 26;

function scatter(attempts: ActorActivity[]) {
  return {
    grid: { left: 8, right: 16, top: 8, bottom: 4, containLabel: true },
    tooltip: { ...TOOLTIP, formatter: ({ data }: { data: Point }) => `${data.at}\n${data.what}` },
    xAxis: { type: "time", splitLine: { show: false } },
    yAxis: { type: "category", data: kinds(attempts), axisTick: { show: false } },
    series: SEVERITIES.map((severity) => ({
      type: "scatter",
      name: severity,
      symbolSize: 9,
      itemStyle: { color: SEVERITY_INK[severity], opacity: 0.75 },
      data: attempts.filter((attempt) => attempt.severity === severity).map(point),
    })),
  };
}

interface Point {
  value: [number, string];
  at: string;
  what: string;
}

function point({ detectedAt, subCategory, method, url }: ActorActivity): Point {
  return {
    value: [detectedAt * 1_000, subCategory],
    at: dateTime(detectedAt),
    what: reveal(`${method} ${url}`).slice(0, 80),
  };
}
