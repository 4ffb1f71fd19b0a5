import { Group, Skeleton, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { UserRoundX } from "lucide-react";
import { AttemptsChart } from "../../actor/AttemptsChart";
import { attemptsOf } from "../../actor/attempts";
import { touchedOf } from "../../actor/touched";
import { actorActivityQuery, actorQuery, MOST_ATTEMPTS } from "../../api/queries";
import type { Actor, ActorActivity } from "../../api/types";
import { AllowIp } from "../../block/AllowIp";
import { BlockIp, useBlockOver } from "../../block/BlockIp";
import { BlockState } from "../../block/BlockState";
import { parsePrefix } from "../../block/cidr";
import { Columns } from "../../shared/Columns";
import { EmptyState } from "../../shared/EmptyState";
import { ErrorNote } from "../../shared/ErrorNote";
import { Fact, Facts } from "../../shared/Fact";
import { count, countryName } from "../../shared/format";
import { PageAnchor } from "../../shared/links";
import { Page } from "../../shared/Page";
import { Panel } from "../../shared/Panel";
import { Ranking } from "../../shared/Ranking";
import { DateTime, Time } from "../../shared/Time";
import { Hostile, reveal } from "../../shared/text";
import { actors as t } from "../../texts/actors";
import { LatestEvents } from "../activity/LatestEvents";

const route = getRouteApi("/shell/actors/$actor");

/** Who it is, what they tried, where and when, and what is done about it. */
export function ActorPage() {
  const { actor: id } = route.useParams();
  const actor = useQuery(actorQuery(id));
  const attempts = useQuery(actorActivityQuery(id));
  const address = actor.data?.latestApiIp || id;
  return (
    <Page
      title={reveal(id)}
      about={t.everythingThatIsKept}
      actions={
        parsePrefix(address) && (
          <>
            <AllowIp address={address} />
            <BlockIp address={address} reason={actor.data?.latestAttack ?? ""} />
          </>
        )
      }
    >
      {actor.error && !actor.data && <ErrorNote error={actor.error} title={t.theActorCouldNot} />}
      {actor.data === undefined && !actor.error && <Skeleton height={320} />}
      {actor.data === null && (
        <EmptyState icon={UserRoundX} title={t.nothingIsKeptOf}>
          {t.noEventNamesIt} <PageAnchor to="/actors">{t.allActors}</PageAnchor>
        </EmptyState>
      )}
      {actor.data && <Story actor={actor.data} address={address} attempts={attempts.data} />}
    </Page>
  );
}

interface StoryProps {
  actor: Actor;
  address: string;
  attempts: ActorActivity[] | undefined;
}

function Story({ actor, address, attempts }: StoryProps) {
  const navigate = route.useNavigate();
  const block = useBlockOver(address);
  const theirs = { range: "all" as const, actor: [actor.id] };
  const about = attempts && attempts.length >= MOST_ATTEMPTS ? t.theLatest(MOST_ATTEMPTS) : t.allThatIsKept;
  return (
    <Stack>
      <Panel title={t.facts}>
        <Facts>
          {address !== actor.id && (
            <Fact name={t.latestAddress}>
              <Hostile>{address}</Hostile>
            </Fact>
          )}
          <Fact name={t.where}>
            {actor.country
              ? countryName(actor.country)
              : actor.network
                ? t.address(actor.network)
                : t.noCountryKnown}
          </Fact>
          <Fact name={t.events}>
            <PageAnchor to="/activity" search={theirs} size="sm">
              {count(actor.eventCount)}
            </PageAnchor>
          </Fact>
          <Fact name={t.firstSeen}>
            <DateTime at={actor.firstSeenAt} />
          </Fact>
          <Fact name={t.lastSeen}>
            <DateTime at={actor.lastSeenAt} /> (<Time at={actor.lastSeenAt} />)
          </Fact>
          <Fact name={t.latestAttack}>
            <PageAnchor to="/policies/$policyId" params={{ policyId: actor.latestAttack }} size="sm">
              {actor.latestAttack}
            </PageAnchor>
          </Fact>
          <Fact name={t.state}>
            {block ? <BlockState block={block} /> : <Text size="sm">{t.notBlocked}</Text>}
          </Fact>
        </Facts>
      </Panel>
      <Panel title={t.whenAndHowOften} about={about}>
        {attempts ? (
          <AttemptsChart
            actor={actor.id}
            activity={attempts}
            onPick={({ from, to }) =>
              void navigate({ to: "/activity", search: { from, to, actor: [actor.id] } })
            }
          />
        ) : (
          <Skeleton height={200} />
        )}
      </Panel>
      <Columns least={340} gap={16}>
        <Panel title={t.attacks}>
          <Ranking
            label={t.attacks}
            empty={t.noneIsKept}
            ranks={
              attempts &&
              attemptsOf(attempts, 0, 0).kinds.map((one) => ({ ...one, key: one.kind, name: one.kind }))
            }
          />
        </Panel>
        <Panel title={t.endpoints}>
          <Ranking
            label={t.endpoints}
            empty={t.noneIsKept}
            ranks={
              attempts &&
              touchedOf(attempts).map(({ method, host, url, count }) => ({
                key: `${method} ${host} ${url}`,
                count,
                name: (
                  <PageAnchor
                    to="/activity"
                    search={{ ...theirs, host: [host], url: [url] }}
                    fz="inherit"
                    c="inherit"
                  >
                    <Hostile>{`${method} ${host}${url}`}</Hostile>
                  </PageAnchor>
                ),
              }))
            }
          />
        </Panel>
      </Columns>
      <section aria-label={t.latestEvents}>
        <Group justify="space-between" mb="xs">
          <Text fw={600} size="sm" component="h2">
            {t.latestEvents}
          </Text>
          <PageAnchor to="/activity" search={theirs} size="sm">
            {t.allOfThem}
          </PageAnchor>
        </Group>
        <LatestEvents filter={{ ips: [actor.id] }} range="all" />
      </section>
    </Stack>
  );
}
