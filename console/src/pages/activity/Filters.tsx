import { Button, Group, MultiSelect, Select } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { FilterX } from "lucide-react";
import { filterValuesQuery } from "../../api/queries";
import type { TimeRange } from "../../api/range";
import { SearchBox } from "../../shared/SearchBox";
import { SEVERITIES } from "../../shared/Severity";
import { reveal } from "../../shared/text";
import { type ActivitySearch, FILTER_KEYS, isFiltered } from "./search";

// Two beside each other on a phone; all of them and the search box in one line from 1280 pixels on.
const NARROW = { base: "calc(50% - 5px)", xs: 103 };

interface FiltersProps {
  search: ActivitySearch;
  range: TimeRange;
  onChange: (change: ActivitySearch) => void;
}

export function Filters({ search, range, onChange }: FiltersProps) {
  const { data: values } = useQuery(filterValuesQuery(range));
  return (
    <Group gap="xs" mb="sm" align="flex-start" role="search">
      <SearchBox
        label="Search attack, host, actor, URL"
        value={search.q ?? ""}
        onChange={(q) => onChange({ q: q || undefined })}
      />
      <Choice
        label="Severity"
        data={[...SEVERITIES]}
        value={search.severity}
        onChange={(severity) => onChange({ severity })}
      />
      <Choice
        label="Attack"
        data={values?.subCategory}
        value={search.attack}
        onChange={(attack) => onChange({ attack })}
      />
      <Choice
        label="Actor"
        data={values?.ips}
        value={search.actor}
        onChange={(actor) => onChange({ actor })}
      />
      <Choice label="URL" data={values?.urls} value={search.url} onChange={(url) => onChange({ url })} />
      <Choice label="Host" data={values?.hosts} value={search.host} onChange={(host) => onChange({ host })} />
      <Choice
        label="Type"
        data={["Rule-Based", "Anomaly"]}
        value={search.type}
        onChange={(type) => onChange({ type })}
      />
      <Select
        aria-label="Successful exploit"
        placeholder="Exploit"
        size="xs"
        w={NARROW}
        clearable
        data={[
          { value: "yes", label: "Succeeded" },
          { value: "no", label: "Did not succeed" },
        ]}
        value={search.success ?? null}
        onChange={(success) => onChange({ success: success ?? undefined } as ActivitySearch)}
      />
      {isFiltered(search) && (
        <Button
          size="xs"
          variant="subtle"
          leftSection={<FilterX size={14} />}
          onClick={() => onChange(Object.fromEntries(FILTER_KEYS.map((key) => [key, undefined])))}
        >
          Clear
        </Button>
      )}
    </Group>
  );
}

interface ChoiceProps {
  label: string;
  data: string[] | undefined;
  value: string[] | undefined;
  onChange: (value: string[] | undefined) => void;
}

function Choice({ label, data = [], value = [], onChange }: ChoiceProps) {
  // What is chosen stays choosable after its last event left the time range.
  const options = [...new Set([...value, ...data])].filter((option) => option !== "");
  return (
    <MultiSelect
      aria-label={label}
      placeholder={value.length === 0 ? label : ""}
      size="xs"
      w={value.length === 0 ? NARROW : undefined}
      maw={320}
      searchable
      clearable
      hidePickedOptions
      limit={100}
      nothingFoundMessage="None seen in this time"
      comboboxProps={{ width: "max-content", position: "bottom-start" }}
      data={options.map((option) => ({ value: option, label: reveal(option).slice(0, 90) }))}
      value={value}
      onChange={(chosen) => onChange(chosen.length > 0 ? chosen : undefined)}
    />
  );
}
