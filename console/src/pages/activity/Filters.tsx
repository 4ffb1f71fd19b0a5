import { Button, Group, MultiSelect, Popover, Select, Stack, TagsInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { FilterX, SlidersHorizontal } from "lucide-react";
import { filterValuesQuery } from "../../api/queries";
import type { TimeRange } from "../../api/range";
import { sensorsQuery } from "../../api/sensors";
import { SearchBox } from "../../shared/SearchBox";
import { SEVERITIES } from "../../shared/Severity";
import { reveal } from "../../shared/text";
import { activity as t } from "../../texts/activity";
import classes from "./Filters.module.css";
import { type ActivitySearch, FILTER_KEYS, isFiltered } from "./search";

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "CONNECT"];

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
        label={t.searchAttackHostActor}
        value={search.q ?? ""}
        onChange={(q) => onChange({ q: q || undefined })}
      />
      <Choice
        label={t.severity}
        data={[...SEVERITIES]}
        value={search.severity}
        onChange={(severity) => onChange({ severity })}
      />
      <Choice
        label={t.attack}
        data={values?.subCategory}
        value={search.attack}
        onChange={(attack) => onChange({ attack })}
      />
      <Choice
        label={t.actor}
        data={values?.ips}
        value={search.actor}
        onChange={(actor) => onChange({ actor })}
      />
      <Choice label={t.url} data={values?.urls} value={search.url} onChange={(url) => onChange({ url })} />
      <Choice
        label={t.host}
        data={values?.hosts}
        value={search.host}
        onChange={(host) => onChange({ host })}
      />
      <Select
        aria-label={t.successfulExploit}
        placeholder={t.exploit}
        size="xs"
        className={classes.choice}
        clearable
        data={[
          { value: "yes", label: t.succeeded },
          { value: "no", label: t.didNotSucceed },
        ]}
        value={search.success ?? null}
        onChange={(success) => onChange({ success: success ?? undefined } as ActivitySearch)}
      />
      <MoreFilters search={search} onChange={onChange} />
      {isFiltered(search) && (
        <Button
          size="xs"
          variant="subtle"
          leftSection={<FilterX size={14} />}
          onClick={() => onChange(Object.fromEntries(FILTER_KEYS.map((key) => [key, undefined])))}
        >
          {t.clear}
        </Button>
      )}
    </Group>
  );
}

function MoreFilters({ search, onChange }: Pick<FiltersProps, "search" | "onChange">) {
  const sensors = useQuery(sensorsQuery).data?.sensors ?? [];
  const used = [search.type, search.method, search.collection, search.sensor].filter(
    (value) => value !== undefined,
  ).length;
  return (
    <Popover position="bottom-end" width={260} shadow="md" withArrow trapFocus>
      <Popover.Target>
        <Button size="xs" variant="default" leftSection={<SlidersHorizontal size={14} aria-hidden />}>
          {used === 0 ? t.more : t.moreUsed(used)}
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <Stack gap="xs">
          <MultiSelect
            label={t.type}
            size="xs"
            clearable
            data={["Rule-Based", "Anomaly"]}
            comboboxProps={{ withinPortal: false }}
            value={search.type ?? []}
            onChange={(type) => onChange({ type: orNone(type) })}
          />
          <MultiSelect
            label={t.method}
            size="xs"
            clearable
            data={[...new Set([...(search.method ?? []), ...METHODS])]}
            comboboxProps={{ withinPortal: false }}
            value={search.method ?? []}
            onChange={(method) => onChange({ method: orNone(method) })}
          />
          <MultiSelect
            label={t.sensor}
            size="xs"
            clearable
            data={sensors.map(({ id, node }) => ({ value: id, label: node }))}
            comboboxProps={{ withinPortal: false }}
            value={search.sensor ?? []}
            onChange={(sensor) => onChange({ sensor: orNone(sensor) })}
          />
          <TagsInput
            label={t.apiCollection}
            description={t.numbersEnterAfterEach}
            size="xs"
            clearable
            value={(search.collection ?? []).map(String)}
            onChange={(ids) =>
              onChange({ collection: orNone(ids.filter((id) => /^\d{1,15}$/.test(id)).map(Number)) })
            }
          />
        </Stack>
      </Popover.Dropdown>
    </Popover>
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
      className={value.length > 0 ? classes.chosen : classes.choice}
      maw={320}
      searchable
      clearable
      hidePickedOptions
      limit={100}
      nothingFoundMessage="None seen in this time"
      comboboxProps={{ width: "max-content", position: "bottom-start" }}
      data={options.map((option) => ({ value: option, label: reveal(option).slice(0, 90) }))}
      value={value}
      onChange={(chosen) => onChange(orNone(chosen))}
    />
  );
}

const orNone = <Value,>(values: Value[]): Value[] | undefined => (values.length > 0 ? values : undefined);
