import { Alert, Group, ScrollArea, Stack, Text } from "@mantine/core";
import type { Trial, TrialMatch } from "../../../api/types";
import { count, plural } from "../../../shared/format";
import { PageAnchor } from "../../../shared/links";
import { SeverityBadge } from "../../../shared/Severity";
import { Time } from "../../../shared/Time";
import { Hostile } from "../../../shared/text";
import { MatchList } from "../../activity/event/MatchList";

// A trial gives up to 1,000; whoever reads on narrows the policy first.
const SHOWN = 50;

export function TrialResult({ trial, isStored }: { trial: Trial; isStored: boolean }) {
  const { matches, evaluated, matching, total, isCut } = trial;
  const verdict = isStored
    ? `${plural(matches.length, "event")} from ${plural(evaluated, "stored exchange")}`
    : matches.length > 0
      ? "It matches"
      : matching > 0
        ? "It counts, and is below the count of an event"
        : "It does not match";
  return (
    <Stack gap="xs" role="status" aria-label="Result">
      <Alert role="group" color={matches.length > 0 ? "red" : "teal"} title={verdict} py="xs">
        {isStored && matching > matches.length && `${count(matching)} exchanges count. `}
        {isCut && `Only ${count(evaluated)} of ${count(total)} were looked at.`}
      </Alert>
      {isStored ? (
        <ScrollArea.Autosize mah={360}>
          <Stack gap={8}>
            {matches.slice(0, SHOWN).map((match, index) => (
              <Stored key={`${match.eventId} ${index}`} match={match} />
            ))}
            {matches.length > SHOWN && (
              <Text size="xs" c="dimmed">
                and {count(matches.length - SHOWN)} more
              </Text>
            )}
          </Stack>
        </ScrollArea.Autosize>
      ) : (
        matches.map((match, index) => <MatchList key={index} matches={match.matched} />)
      )}
    </Stack>
  );
}

function Stored({ match }: { match: TrialMatch }) {
  const { eventId, method, host, url, actor, timestamp, latestAttack } = match;
  return (
    <div>
      <PageAnchor
        to="/activity/$eventId"
        params={{ eventId: eventId ?? "" }}
        search={{ range: "all" }}
        size="xs"
      >
        <Hostile truncate>{`${method ?? ""} ${host ?? ""}${url ?? ""}`}</Hostile>
      </PageAnchor>
      <Group gap={8}>
        <SeverityBadge severity={match.severity} />
        <Text size="xs" c="dimmed">
          <Hostile>{actor ?? ""}</Hostile>
          {timestamp !== null && (
            <>
              , <Time at={timestamp} />
            </>
          )}
          {latestAttack && `, told as ${latestAttack}`}
        </Text>
      </Group>
    </div>
  );
}
