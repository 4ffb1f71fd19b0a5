import { Button, Group, MultiSelect, Popover, Select, Stack, TagsInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { FilterX, SlidersHorizontal } from "lucide-react";
import { issueExamplesQuery } from "../../api/issues";
import { SPAN_NAMES, SPANS, type Span } from "../../api/range";
import type { Issue } from "../../api/types";
import { SearchBox } from "../../shared/SearchBox";
import { SEVERITIES } from "../../shared/Severity";
import { issues as t } from "../../texts/issues";
import classes from "./Filters.module.css";
import { FILTER_KEYS, type IssuesSearch, isFiltered, SOURCES } from "./search";

interface FiltersProps {
  search: IssuesSearch;
  onChange: (change: IssuesSearch) => void;
}

export function Filters({ search, onChange }: FiltersProps) {
  const { data: examples = [] } = useQuery(issueExamplesQuery);
  const known = (value: (issue: Issue) => string) => [...new Set(examples.map(value))].filter(Boolean).sort();
  return (
    <Group gap="xs" mb="sm" align="flex-start" role="search">
      <SearchBox
        label={t.search}
        value={search.q ?? ""}
        onChange={(q) => onChange({ q: q || undefined } as IssuesSearch)}
      />
      <Choice
        label={t.filters.severity}
        data={SEVERITIES.map((value) => ({ value, label: value }))}
        value={search.severity}
        onChange={(severity) => onChange({ severity } as IssuesSearch)}
      />
      <Choice
        label={t.filters.source}
        data={SOURCES.map((value) => ({ value, label: t.source[value] }))}
        value={search.source}
        onChange={(source) => onChange({ source } as IssuesSearch)}
      />
      <Typed
        label={t.filters.host}
        data={known(({ host }) => host)}
        value={search.host}
        onChange={(host) => onChange({ host } as IssuesSearch)}
      />
      <Typed
        label={t.filters.category}
        data={known(({ category }) => category)}
        value={search.category}
        onChange={(category) => onChange({ category } as IssuesSearch)}
      />
      <Select
        aria-label={t.filters.found}
        placeholder={t.filters.found}
        size="xs"
        className={classes.wide}
        clearable
        data={(Object.keys(SPANS) as Span[]).map((value) => ({ value, label: SPAN_NAMES[value] }))}
        value={search.found ?? null}
        onChange={(found) => onChange({ found: found ?? undefined } as IssuesSearch)}
      />
      <MoreFilters search={search} onChange={onChange} known={known} />
      {isFiltered(search) && (
        <Button
          size="xs"
          variant="subtle"
          leftSection={<FilterX size={14} aria-hidden />}
          onClick={() => onChange(NO_FILTER)}
        >
          {t.filters.clear}
        </Button>
      )}
    </Group>
  );
}

export const NO_FILTER = Object.fromEntries(FILTER_KEYS.map((key) => [key, undefined])) as IssuesSearch;

interface MoreProps extends FiltersProps {
  known: (value: (issue: Issue) => string) => string[];
}

function MoreFilters({ search, onChange, known }: MoreProps) {
  const used = [search.method, search.endpoint, search.check].filter((value) => value !== undefined).length;
  const within = { comboboxProps: { withinPortal: false }, size: "xs", clearable: true } as const;
  return (
    <Popover position="bottom-end" width={280} shadow="md" withArrow trapFocus>
      <Popover.Target>
        <Button size="xs" variant="default" leftSection={<SlidersHorizontal size={14} aria-hidden />}>
          {t.filters.more(used)}
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <Stack gap="xs">
          <TagsInput
            {...within}
            label={t.filters.endpoint}
            description={t.filters.typeMore}
            data={known(({ endpoint }) => endpoint)}
            value={search.endpoint ?? []}
            onChange={(endpoint) => onChange({ endpoint: orNone(endpoint) } as IssuesSearch)}
          />
          <TagsInput
            {...within}
            label={t.filters.check}
            data={known(({ checkId }) => checkId)}
            value={search.check ?? []}
            onChange={(check) => onChange({ check: orNone(check) } as IssuesSearch)}
          />
          <TagsInput
            {...within}
            label={t.filters.method}
            data={known(({ method }) => method)}
            value={search.method ?? []}
            onChange={(method) => onChange({ method: orNone(method) } as IssuesSearch)}
          />
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}

interface ChoiceProps<Data> {
  label: string;
  data: Data[];
  value: string[] | undefined;
  onChange: (value: string[] | undefined) => void;
}

function Choice({ label, data, value = [], onChange }: ChoiceProps<{ value: string; label: string }>) {
  return (
    <MultiSelect
      aria-label={label}
      placeholder={value.length === 0 ? label : ""}
      size="xs"
      className={value.length > 0 ? classes.chosen : classes.choice}
      clearable
      data={data}
      value={value}
      onChange={(value) => onChange(orNone(value))}
    />
  );
}

/** Offers what is known, and takes what is not. */
function Typed({ label, data, value = [], onChange }: ChoiceProps<string>) {
  return (
    <TagsInput
      aria-label={label}
      placeholder={value.length === 0 ? label : ""}
      size="xs"
      className={value.length > 0 ? classes.chosen : classes.choice}
      clearable
      data={data}
      value={value}
      onChange={(value) => onChange(orNone(value))}
    />
  );
}

const orNone = (values: string[]) => (values.length > 0 ? values : undefined);
