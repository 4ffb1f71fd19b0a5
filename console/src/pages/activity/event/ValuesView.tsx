import { Button, Group, Pagination, SegmentedControl, Skeleton, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Download, FileX } from "lucide-react";
import { useMemo, useState } from "react";
import { samplesQuery } from "../../../api/queries";
import type { Match, ThreatEvent } from "../../../api/types";
import { captureOf } from "../../../sample/capture";
import { curlCommand } from "../../../sample/curl";
import { decodedSample } from "../../../sample/decode";
import { harOf } from "../../../sample/har";
import { locate } from "../../../sample/locate";
import { MessageText } from "../../../sample/MessageText";
import { requestMessage, responseMessage } from "../../../sample/message";
import { rawRequest } from "../../../sample/raw-request";
import type { Sample } from "../../../sample/sample";
import { CopyButton } from "../../../shared/CopyButton";
import { EmptyState } from "../../../shared/EmptyState";
import { ErrorNote } from "../../../shared/ErrorNote";
import { dateTime } from "../../../shared/format";
import { saveFile } from "../../../shared/save-file";
import { Hostile } from "../../../shared/text";
import { activity as t } from "../../../texts/activity";
import { MatchList } from "./MatchList";

/** The request and the response behind an event, with what matched marked. */
export function ValuesView({ event }: { event: ThreatEvent }) {
  const { data: samples, error } = useQuery(samplesQuery(event));
  const [shown, setShown] = useState(1);
  const sample = samples?.[Math.min(shown, samples.length) - 1];
  if (error) return <ErrorNote error={error} title={t.theSamplesCouldNot} />;
  if (!samples) return <Skeleton height={240} />;
  if (!sample) {
    return (
      <EmptyState icon={FileX} title={t.noSampleIsKept}>
        {t.samplesAreKeptFor}
      </EmptyState>
    );
  }
  return (
    <Stack>
      {samples.length > 1 && (
        <Group justify="space-between">
          <Text size="sm" c="dimmed">
            {t.sampleOf(shown, samples.length)}
          </Text>
          <Pagination size="sm" total={samples.length} value={shown} onChange={setShown} />
        </Group>
      )}
      <SampleView sample={sample} matches={matchesOf(event)} />
    </Stack>
  );
}

/** What the policy matched, and what shows that it worked. */
function matchesOf({ matched = [], successEvidence }: ThreatEvent): Match[] {
  return successEvidence?.at ? [...matched, successEvidence.at] : matched;
}

function SampleView({ sample, matches }: { sample: Sample; matches: Match[] }) {
  const [how, setHow] = useState<"raw" | "decoded">("raw");
  const read = useMemo(() => {
    const shown = how === "raw" ? sample : decodedSample(sample);
    const request = requestMessage(shown);
    const response = responseMessage(shown);
    // Offsets count what was sent; what they meant in the decoded text is found by its words.
    const wanted =
      how === "raw"
        ? matches
        : matches.map((match) => ({
            ...match,
            location: match.location.startsWith("response.") ? "response.text" : "request.text",
          }));
    const located = wanted.map((match) => locate(match, request, response)).filter((found) => found !== null);
    const marks = (side: "request" | "response") =>
      located.filter((found) => found.side === side).map(({ range }) => range);
    return { request, response, requestMarks: marks("request"), responseMarks: marks("response") };
  }, [sample, matches, how]);
  const { request, response } = read;
  const capture = useMemo(() => captureOf(sample, t.captureIsMade), [sample]);

  return (
    <Stack gap="sm">
      <Group justify="space-between">
        <SegmentedControl
          size="xs"
          aria-label={t.howToShowIt}
          value={how}
          onChange={(value) => setHow(value === "decoded" ? "decoded" : "raw")}
          data={[
            { value: "raw", label: t.asSent },
            { value: "decoded", label: t.decoded },
          ]}
        />
        <Group gap={6}>
          <CopyButton text={() => curlCommand(sample)}>{t.copyAsCurl}</CopyButton>
          <CopyButton text={() => rawRequest(sample)}>{t.copyForBurp}</CopyButton>
          <Button
            size="compact-xs"
            variant="default"
            leftSection={<Download size={13} aria-hidden />}
            onClick={() =>
              saveFile(`event-${sample.at}.har`, "application/json", [
                JSON.stringify(harOf([sample]), null, 2),
              ])
            }
          >
            {t.har}
          </Button>
          {capture && (
            <Button
              size="compact-xs"
              variant="default"
              title={t.captureIsMade}
              leftSection={<Download size={13} aria-hidden />}
              onClick={() =>
                saveFile(`event-${sample.at}.pcapng`, "application/vnd.tcpdump.pcap", [capture as BlobPart])
              }
            >
              {t.pcapng}
            </Button>
          )}
        </Group>
      </Group>
      <Group justify="space-between" align="flex-end">
        <Title order={3} size="sm">
          {t.request}
          <Text span size="xs" c="dimmed" ml="xs" fw={400}>
            {dateTime(sample.at)} · <Hostile>{`${sample.ip} → ${sample.destIp || "?"}`}</Hostile>
          </Text>
        </Title>
      </Group>
      <MessageText label={t.request} text={request.text} marks={read.requestMarks} />
      <Title order={3} size="sm">
        {t.response}
      </Title>
      {sample.statusCode === 0 ? (
        <Text size="sm" c="dimmed">
          {t.noResponseWasSeen}
        </Text>
      ) : (
        <MessageText label={t.response} text={response.text} marks={read.responseMarks} />
      )}
      <Title order={3} size="sm">
        {t.whatMatched}
      </Title>
      <MatchList matches={matches} />
    </Stack>
  );
}
