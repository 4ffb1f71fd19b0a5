import { Badge, Group, List, Stack, Text, Timeline, Title } from "@mantine/core";
import type { ReactNode } from "react";
import type { IssueDetail, IssueStatus } from "../../../api/types";
import { ExternalLink } from "../../../shared/ExternalLink";
import { Fact, Facts } from "../../../shared/Fact";
import { useMayAct } from "../../../shared/rights";
import { SafeMarkdown } from "../../../shared/SafeMarkdown";
import { SeverityBadge } from "../../../shared/Severity";
import { DrawerHead } from "../../../shared/SideDrawer";
import { DateTime } from "../../../shared/Time";
import { Hostile, reveal } from "../../../shared/text";
import { issues as t } from "../../../texts/issues";
import { TicketNote } from "../../../ticket/TicketNote";
import { Reopen } from "../change/Chosen";
import { Ignore } from "../change/Ignore";
import { placeOf } from "../place";
import { AffectedList } from "./AffectedList";
import { EvidenceView } from "./EvidenceView";
import { historyOf } from "./history";
import { explained } from "./tags";

const STATUS_COLORS: Record<IssueStatus, string> = { OPEN: "red", FIXED: "teal", IGNORED: "gray" };

/** What it is, where, what shows it, what became of it, and how to mend it. */
export function IssueView({ issue, closeButton }: { issue: IssueDetail; closeButton: ReactNode }) {
  const mayAct = useMayAct();
  const selector = { issueIds: [issue.issueId] };
  const tags = [...issue.cwe, ...issue.cve, ...issue.tags];
  return (
    <>
      <DrawerHead>
        <Group justify="space-between" wrap="nowrap" align="flex-start">
          <Group gap="xs">
            <SeverityBadge severity={issue.severity} />
            <Title order={2}>{reveal(issue.name)}</Title>
          </Group>
          {closeButton}
        </Group>
        <Group justify="space-between" gap="xs" mt={8}>
          <Group gap="xs" style={{ flex: 1, minWidth: 220 }}>
            <Badge color={STATUS_COLORS[issue.status]}>{t.status[issue.status]}</Badge>
            <Text size="sm" style={{ flex: 1 }}>
              <Hostile>{placeOf(issue)}</Hostile>
            </Text>
          </Group>
          {mayAct &&
            (issue.status === "IGNORED" ? (
              <Reopen selector={selector} />
            ) : (
              <Ignore selector={selector} size={1} />
            ))}
        </Group>
        <Group mt={8}>
          <TicketNote ticket={issue.ticket} of={{ issues: selector }} one={{ issueId: issue.issueId }} />
        </Group>
      </DrawerHead>
      <Stack gap="lg" px="md" pb="md">
        <Facts>
          <Fact name={t.facts.check}>
            <Hostile>{issue.checkId}</Hostile>
          </Fact>
          {issue.category && <Fact name={t.facts.category}>{reveal(issue.category)}</Fact>}
          <Fact name={t.facts.source}>{t.source[issue.source]}</Fact>
        </Facts>
        {tags.length > 0 && (
          <Part title={t.facts.tags}>
            <Group gap={6} component="ul" p={0} m={0} style={{ listStyle: "none" }}>
              {[...new Set(tags)].map((tag) => (
                <li key={tag}>
                  <Tag>{tag}</Tag>
                </li>
              ))}
            </Group>
          </Part>
        )}
        {issue.description && (
          <Part title={t.parts.description}>
            <SafeMarkdown>{issue.description}</SafeMarkdown>
          </Part>
        )}
        {issue.impact && (
          <Part title={t.parts.impact}>
            <SafeMarkdown>{issue.impact}</SafeMarkdown>
          </Part>
        )}
        <Part title={t.parts.evidence}>
          <EvidenceView evidence={issue.evidence} />
        </Part>
        <Part title={t.parts.affected}>
          <AffectedList issue={issue} />
        </Part>
        <Part title={t.parts.history}>
          <Timeline bulletSize={12} lineWidth={1} active={10}>
            {historyOf(issue).map(({ at, what, note }) => (
              <Timeline.Item key={`${at} ${what}`}>
                <Text size="sm">{reveal(what)}</Text>
                {note && (
                  <Text size="sm" style={{ overflowWrap: "anywhere", whiteSpace: "pre-wrap" }}>
                    {reveal(note, true)}
                  </Text>
                )}
                <Text size="xs" c="dimmed">
                  <DateTime at={at} />
                </Text>
              </Timeline.Item>
            ))}
          </Timeline>
        </Part>
        <Part title={t.parts.remediation}>
          {issue.remediation ? (
            <SafeMarkdown>{issue.remediation}</SafeMarkdown>
          ) : (
            <Text size="sm" c="dimmed">
              {t.noRemediation}
            </Text>
          )}
        </Part>
        {issue.references.length > 0 && (
          <Part title={t.parts.references}>
            <List size="sm">
              {issue.references.map((reference) => (
                <List.Item key={reference}>
                  <ExternalLink href={reference}>{reveal(reference)}</ExternalLink>
                </List.Item>
              ))}
            </List>
          </Part>
        )}
      </Stack>
    </>
  );
}

function Tag({ children }: { children: string }) {
  const where = explained(children);
  const badge = (
    <Badge variant={where ? "light" : "default"} tt="none" style={{ cursor: where ? "pointer" : undefined }}>
      {reveal(children)}
    </Badge>
  );
  return where ? <ExternalLink href={where}>{badge}</ExternalLink> : badge;
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section aria-label={title}>
      <Title order={3} size="sm" mb={6}>
        {title}
      </Title>
      {children}
    </section>
  );
}
