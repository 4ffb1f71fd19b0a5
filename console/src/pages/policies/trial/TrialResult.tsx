import { Alert, Group, ScrollArea, Stack, Text } from "@mantine/core";
import type { Trial, TrialMatch } from "../../../api/types";
import { PageAnchor } from "../../../shared/links";
import { SeverityBadge } from "../../../shared/Severity";
import { Time } from "../../../shared/Time";
import { Hostile } from "../../../shared/text";
import { policies as t } from "../../../texts/policies";
import { MatchList } from "../../activity/event/MatchList";

// A trial gives up to 1,000; whoever reads on narrows the policy first.
const SHOWN = 50;

export function TrialResult({ trial, isStored }: { trial: Trial; isStored: boolean }) {
  const { matches, evaluated, matching, total, isCut } = trial;
  const verdict = isStored
    ? t.eventFromStoredExchange(matches.length, evaluated)
    : matches.length > 0
      ? t.itMatches
      : matching > 0
        ? t.itCountsAndIs
        : t.itDoesNotMatch;
  return (
    <Stack gap="xs" role="status" aria-label={t.result}>
      <Alert role="group" color={matches.length > 0 ? "red" : "teal"} title={verdict} py="xs">
        {isStored && matching > matches.length && t.exchangesCount(matching)}
        {isCut && t.onlyOfWereLooked(evaluated, total)}
      </Alert>
      {isStored ? (
        <ScrollArea.Autosize mah={360}>
          <Stack gap={8}>
            {matches.slice(0, SHOWN).map((match, index) => (
              <Stored key={`${match.eventId} ${index}`} match={match} />
            ))}
            {matches.length > SHOWN && (
              <Text size="xs" c="dimmed">
                {t.andMore(matches.length - SHOWN)}
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
          {latestAttack && t.toldAs(latestAttack)}
        </Text>
      </Group>
    </div>
  );
}
