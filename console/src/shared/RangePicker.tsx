import { Button, Group, Popover, Select, Stack, TextInput } from "@mantine/core";
import { CalendarRange } from "lucide-react";
import { useState } from "react";
import { SPAN_NAMES, type Span, type TimeRange } from "../api/range";
import { shared as t } from "../texts/shared";
import { dateTime } from "./format";

interface RangePickerProps {
  value: TimeRange;
  onChange: (range: TimeRange) => void;
}

const CUSTOM = "custom";

/** A span up to now, or two fixed times. */
export function RangePicker({ value, onChange }: RangePickerProps) {
  const [asking, setAsking] = useState(false);
  const fixed = typeof value === "object";
  const label = fixed ? `${dateTime(value.from)} – ${dateTime(value.to)}` : t.fixedTimes;
  return (
    <Popover opened={asking} onChange={setAsking} position="bottom-end" withArrow trapFocus>
      <Popover.Target>
        <Select
          aria-label={t.timeRange}
          size="xs"
          w={fixed ? 330 : 170}
          maw="100%"
          leftSection={<CalendarRange size={15} />}
          allowDeselect={false}
          value={fixed ? CUSTOM : value}
          data={[
            ...Object.entries(SPAN_NAMES).map(([value, label]) => ({ value, label })),
            { value: CUSTOM, label },
          ]}
          onChange={(choice) => {
            if (choice === CUSTOM) setAsking(true);
            else if (choice !== null) onChange(choice as Span | "all");
          }}
        />
      </Popover.Target>
      <Popover.Dropdown>
        <FixedTimes
          onApply={(range) => {
            setAsking(false);
            onChange(range);
          }}
        />
      </Popover.Dropdown>
    </Popover>
  );
}

function FixedTimes({ onApply }: { onApply: (range: { from: number; to: number }) => void }) {
  const [from, setFrom] = useState("");
  const [to, setTo] = useState("");
  const fromSeconds = secondsOf(from);
  const toSeconds = secondsOf(to);
  const backwards = fromSeconds !== undefined && toSeconds !== undefined && fromSeconds > toSeconds;
  const ready = fromSeconds !== undefined && toSeconds !== undefined && !backwards;
  return (
    <Stack
      component="form"
      gap="xs"
      onSubmit={(event) => {
        event.preventDefault();
        if (ready) onApply({ from: fromSeconds, to: toSeconds });
      }}
    >
      <TextInput
        type="datetime-local"
        label={t.from}
        size="xs"
        value={from}
        onChange={(event) => setFrom(event.currentTarget.value)}
      />
      <TextInput
        type="datetime-local"
        label={t.to}
        size="xs"
        value={to}
        error={backwards && t.endsBeforeItBegins}
        onChange={(event) => setTo(event.currentTarget.value)}
      />
      <Group justify="flex-end">
        <Button type="submit" size="xs" disabled={!ready}>
          {t.show}
        </Button>
      </Group>
    </Stack>
  );
}

function secondsOf(local: string): number | undefined {
  const milliseconds = new Date(local).getTime();
  return Number.isNaN(milliseconds) ? undefined : Math.floor(milliseconds / 1_000);
}
