import { Checkbox, Group, MultiSelect, Select, TextInput } from "@mantine/core";
import {
  CAPTURE_MODES,
  type CaptureRule,
  type Enumeration,
  IDENTITY_SOURCES,
  type IdentityRule,
  PROXY_HEADERS,
  type RateLimit,
  type Redaction,
  type TrustedProxies,
} from "../../../api/configuration";
import { Figure } from "./Figure";
import type { PartFieldProps } from "./PartForm";
import { Rows } from "./Rows";
import { Words } from "./Words";

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
const SOURCES = { header: "Header", cookie: "Cookie", jwtClaim: "Claim of the bearer token (JWT)" } as const;
const HEADERS = {
  auto: "Either of them",
  "x-forwarded-for": "X-Forwarded-For",
  forwarded: "Forwarded (RFC 7239)",
} as const;
const MODES = { full: "Look at all of it", headers: "Only at headers", off: "Do not look" } as const;

const choices = <const Value extends string>(values: readonly Value[], names: Record<Value, string>) =>
  values.map((value) => ({ value, label: names[value] }));

export function ProxyFields(props: PartFieldProps<TrustedProxies | null>) {
  const { value, onChange, problems, disabled } = props;
  const { cidrs, header } = value ?? { cidrs: [], header: "auto" };
  const set = (next: TrustedProxies) => onChange(next.cidrs.length === 0 ? null : next);
  return (
    <Group gap="xs" align="flex-start" grow preventGrowOverflow={false}>
      <Words
        label="Their addresses"
        placeholder="10.0.0.0/8"
        field="trustedProxies"
        value={cidrs}
        onChange={(cidrs) => set({ cidrs, header })}
        problems={problems}
        disabled={disabled}
      />
      <Select
        label="The header that says who it is"
        size="xs"
        maw={260}
        allowDeselect={false}
        data={choices(PROXY_HEADERS, HEADERS)}
        value={header}
        disabled={disabled || cidrs.length === 0}
        onChange={(header) => header && set({ cidrs, header: header as TrustedProxies["header"] })}
      />
    </Group>
  );
}

export function IdentityFields({ value, onChange, problems, disabled }: PartFieldProps<IdentityRule[]>) {
  return (
    <Rows
      name="rule"
      rows={value}
      onChange={onChange}
      make={(): IdentityRule => ({ source: "header", name: "" })}
      disabled={disabled}
    >
      {(rule, set, index) => (
        <>
          <Select
            aria-label="Where it stands"
            size="xs"
            w={230}
            allowDeselect={false}
            data={choices(IDENTITY_SOURCES, SOURCES)}
            value={rule.source}
            disabled={disabled}
            onChange={(source) => source && set({ source: source as IdentityRule["source"] })}
          />
          <TextInput
            aria-label="Its name"
            placeholder={rule.source === "jwtClaim" ? "sub" : "x-client-id"}
            size="xs"
            w={220}
            value={rule.name}
            disabled={disabled}
            error={problems.at.get(`actorIdentity[${index}].name`)}
            onChange={(event) => set({ name: event.currentTarget.value })}
          />
        </>
      )}
    </Rows>
  );
}

export function RateLimitFields({ value, onChange, problems, disabled }: PartFieldProps<RateLimit[]>) {
  return (
    <Rows
      name="limit"
      isLabelled
      rows={value}
      onChange={onChange}
      make={() => ({
        ...{ name: "", methods: [], path: "", requests: 100, windowMinutes: 1 },
        ...{ perEndpoint: false, block: false },
      })}
      disabled={disabled}
    >
      {(limit, set, index) => {
        const at = (field: string) => `rateLimits[${index}].${field}`;
        return (
          <>
            <TextInput
              label="Name"
              placeholder="login"
              size="xs"
              w={120}
              value={limit.name}
              disabled={disabled}
              error={problems.at.get(at("name"))}
              onChange={(event) => set({ name: event.currentTarget.value })}
            />
            <Figure
              label="Requests"
              w={90}
              field={at("requests")}
              value={limit.requests}
              onChange={(requests) => set({ requests: requests ?? 0 })}
              problems={problems}
              disabled={disabled}
            />
            <Figure
              label="In minutes"
              w={90}
              field={at("windowMinutes")}
              value={limit.windowMinutes}
              onChange={(windowMinutes) => set({ windowMinutes: windowMinutes ?? 0 })}
              problems={problems}
              disabled={disabled}
            />
            <TextInput
              label="Path begins with"
              placeholder="/api/login, or any"
              size="xs"
              w={170}
              value={limit.path}
              disabled={disabled}
              error={problems.at.get(at("path"))}
              onChange={(event) => set({ path: event.currentTarget.value })}
            />
            <MultiSelect
              label="Methods"
              placeholder={limit.methods.length === 0 ? "Any" : ""}
              size="xs"
              w={170}
              data={[...new Set([...METHODS, ...limit.methods])]}
              value={limit.methods}
              disabled={disabled}
              error={problems.at.get(at("methods"))}
              onChange={(methods) => set({ methods })}
            />
            <Checkbox
              label="Each endpoint apart"
              size="xs"
              mt={32}
              checked={limit.perEndpoint}
              disabled={disabled}
              onChange={(event) => set({ perEndpoint: event.currentTarget.checked })}
            />
            <Checkbox
              label="Block"
              size="xs"
              mt={32}
              checked={limit.block}
              disabled={disabled}
              onChange={(event) => set({ block: event.currentTarget.checked })}
            />
          </>
        );
      }}
    </Rows>
  );
}

export function EnumerationFields({
  value,
  onChange,
  problems,
  disabled,
}: PartFieldProps<Enumeration | null>) {
  const set = (change: Partial<Record<keyof Enumeration, number | null>>) => {
    const { distinct, windowMinutes } = { ...{ distinct: null, windowMinutes: null }, ...value, ...change };
    onChange(
      distinct === null && windowMinutes === null
        ? null
        : { distinct: distinct ?? 0, windowMinutes: windowMinutes ?? 0 },
    );
  };
  return (
    <Group gap="xs" align="flex-start">
      <Figure
        label="Different objects"
        placeholder="As it came"
        w={150}
        field="enumeration.distinct"
        value={value?.distinct || null}
        onChange={(distinct) => set({ distinct })}
        problems={problems}
        disabled={disabled}
      />
      <Figure
        label="In minutes"
        placeholder="As it came"
        w={150}
        field="enumeration.windowMinutes"
        value={value?.windowMinutes || null}
        onChange={(windowMinutes) => set({ windowMinutes })}
        problems={problems}
        disabled={disabled}
      />
    </Group>
  );
}

export function RetentionFields({ value, onChange, problems, disabled }: PartFieldProps<number | null>) {
  return (
    <Figure
      label="Days"
      placeholder="As it was started"
      w={170}
      field="retentionDays"
      value={value}
      onChange={onChange}
      problems={problems}
      disabled={disabled}
    />
  );
}

export function RedactionFields({ value, onChange, problems, disabled }: PartFieldProps<Redaction>) {
  const lists = [
    { key: "headers", label: "Headers", placeholder: "x-session-token" },
    { key: "fields", label: "Fields of JSON, forms and queries", placeholder: "dateOfBirth" },
    { key: "patterns", label: "Patterns (regular expressions)", placeholder: "[0-9]{3}-[0-9]{4}" },
  ] as const;
  return (
    <Group gap="xs" align="flex-start" grow>
      {lists.map(({ key, label, placeholder }) => (
        <Words
          key={key}
          label={label}
          placeholder={placeholder}
          field={`redaction.${key}`}
          value={value[key]}
          onChange={(words) => onChange({ ...value, [key]: words })}
          problems={problems}
          disabled={disabled}
        />
      ))}
    </Group>
  );
}

export function CaptureFields({ value, onChange, problems, disabled }: PartFieldProps<CaptureRule[]>) {
  return (
    <Rows
      name="rule"
      rows={value}
      onChange={onChange}
      isLabelled
      make={(): CaptureRule => ({ cidr: null, port: null, mode: "headers", reason: "" })}
      disabled={disabled}
    >
      {(rule, set, index) => (
        <>
          <TextInput
            label="Address or prefix"
            placeholder="Any"
            size="xs"
            w={170}
            value={rule.cidr ?? ""}
            disabled={disabled}
            error={problems.at.get(`rules[${index}].cidr`)}
            onChange={(event) => set({ cidr: event.currentTarget.value.trim() || null })}
          />
          <Figure
            label="Port"
            placeholder="Any"
            w={90}
            field={`rules[${index}].port`}
            value={rule.port}
            onChange={(port) => set({ port })}
            problems={problems}
            disabled={disabled}
          />
          <Select
            label="What the sensors do"
            size="xs"
            w={170}
            allowDeselect={false}
            data={choices(CAPTURE_MODES, MODES)}
            value={rule.mode}
            disabled={disabled}
            onChange={(mode) => mode && set({ mode: mode as CaptureRule["mode"] })}
          />
          <TextInput
            label="Reason"
            size="xs"
            w={220}
            maxLength={200}
            value={rule.reason}
            disabled={disabled}
            onChange={(event) => set({ reason: event.currentTarget.value })}
          />
        </>
      )}
    </Rows>
  );
}
