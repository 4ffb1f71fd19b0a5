import { Button, Group, SegmentedControl, Select, Stack, Text, Textarea } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { Play } from "lucide-react";
import { useState } from "react";
import { tryOnSample, tryOnStored } from "../../../api/policies";
import { SPAN_NAMES, type Span } from "../../../api/range";
import { ErrorNote } from "../../../shared/ErrorNote";
import { Panel } from "../../../shared/Panel";
import { policies as t } from "../../../texts/policies";
import { parsePasted } from "./paste";
import { TrialResult } from "./TrialResult";

const EXAMPLE = "GET /search?q=%27%20OR%201=1--\nHost: shop.example";

/** What the text would find, before it is saved: in a pasted request, or in what was stored. */
export function TrialPanel({ content }: { content: string }) {
  const [on, setOn] = useState<"pasted" | "stored">("pasted");
  const [pasted, setPasted] = useState("");
  const [range, setRange] = useState<Span>("24h");
  const read = parsePasted(pasted);
  const trial = useMutation({
    mutationFn: () =>
      on === "stored" || "problem" in read
        ? tryOnStored({ content, range })
        : tryOnSample({ content, sample: read.sample }),
  });
  const change = (set: () => void) => {
    set();
    trial.reset();
  };
  const problem = on === "pasted" && pasted.trim() !== "" && "problem" in read ? read.problem : undefined;

  return (
    <Panel title={t.tryIt}>
      <Stack gap="sm">
        <SegmentedControl
          size="xs"
          fullWidth
          aria-label={t.onWhat}
          value={on}
          onChange={(value) => change(() => setOn(value === "stored" ? "stored" : "pasted"))}
          data={[
            { value: "pasted", label: t.aRequest },
            { value: "stored", label: t.storedTraffic },
          ]}
        />
        {on === "pasted" ? (
          <Textarea
            aria-label={t.request}
            placeholder={EXAMPLE}
            description={t.rawHttpAnAnswer}
            autosize
            minRows={5}
            maxRows={14}
            styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)", fontSize: 12 } }}
            value={pasted}
            error={problem}
            onChange={({ currentTarget: { value } }) => change(() => setPasted(value))}
          />
        ) : (
          <Select
            label={t.since}
            description={t.theNewest2000}
            allowDeselect={false}
            data={(["1h", "24h", "7d", "30d"] as const).map((value) => ({ value, label: SPAN_NAMES[value] }))}
            value={range}
            onChange={(value) => value && change(() => setRange(value as Span))}
          />
        )}
        <Group justify="flex-end">
          <Button
            size="xs"
            leftSection={<Play size={14} aria-hidden />}
            loading={trial.isPending}
            disabled={on === "pasted" && "problem" in read}
            onClick={() => trial.mutate()}
          >
            {t.try}
          </Button>
        </Group>
        {trial.isError && <ErrorNote title={t.notTried} error={trial.error} />}
        {trial.data && <TrialResult trial={trial.data} isStored={on === "stored"} />}
        {!trial.data && !trial.isError && (
          <Text size="xs" c="dimmed">
            {t.tryingChangesNothingOn}
          </Text>
        )}
      </Stack>
    </Panel>
  );
}
