import { Stack, Text, Title } from "@mantine/core";
import type { IssueDetail } from "../../../api/types";
import { MessageText } from "../../../sample/MessageText";
import { Hostile, reveal } from "../../../shared/text";
import { issues as t } from "../../../texts/issues";

/** What showed it last: what a server answered to an attack, and so text and nothing else. */
export function EvidenceView({ evidence }: { evidence: IssueDetail["evidence"] }) {
  const { message, url, request, response } = evidence;
  if (!message && !url && !request && !response) {
    return (
      <Text size="sm" c="dimmed">
        {t.noEvidence}
      </Text>
    );
  }
  return (
    <Stack gap="xs">
      {message && (
        <Text size="sm" style={{ overflowWrap: "anywhere", whiteSpace: "pre-wrap" }}>
          {reveal(message, true)}
        </Text>
      )}
      {url && (
        <Text size="sm">
          <Text span c="dimmed" fz="inherit">
            {t.foundAt}
          </Text>{" "}
          <Hostile>{url}</Hostile>
        </Text>
      )}
      <Message title={t.parts.request} text={request} />
      <Message title={t.parts.response} text={response} />
    </Stack>
  );
}

function Message({ title, text }: { title: string; text: string }) {
  if (!text) return null;
  return (
    <>
      <Title order={4} size="xs" c="dimmed">
        {title}
      </Title>
      <MessageText label={title} text={text} marks={[]} />
    </>
  );
}
