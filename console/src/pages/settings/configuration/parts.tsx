import { Checkbox, Group, MultiSelect, Select, TextInput } from "@mantine/core";
import {
  CAPTURE_MODES,
  type CaptureRule,
  type Enumeration,
  IDENTITY_SOURCES,
  type IdentityRule,
  NO_PROXIES,
  PROXY_HEADERS,
  type RateLimit,
  type Redaction,
  type TrustedProxies,
} from "../../../api/configuration";
import { settings as t } from "../../../texts/settings";
import { Figure } from "./Figure";
import type { PartFieldProps } from "./PartForm";
import { Rows } from "./Rows";
import { Words } from "./Words";

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
const SOURCES = { header: t.header, cookie: t.cookie, jwtClaim: t.claimOfTheBearer } as const;
const HEADERS = {
  auto: t.eitherOfThem,
  "x-forwarded-for": "X-Forwarded-For",
  forwarded: t.forwardedRfc7239,
} as const;
const MODES = { full: t.lookAtAllOf, headers: t.onlyAtHeaders, off: t.doNotLook } as const;

const choices = <const Value extends string>(values: readonly Value[], names: Record<Value, string>) =>
  values.map((value) => ({ value, label: names[value] }));

export function ProxyFields(props: PartFieldProps<TrustedProxies | null>) {
  const { value, onChange, problems, disabled } = props;
  const { cidrs, header } = value ?? NO_PROXIES;
  const set = (next: TrustedProxies) => onChange(next.cidrs.length === 0 ? null : next);
  return (
    <Group gap="xs" align="flex-start" grow preventGrowOverflow={false}>
      <Words
        label={t.theirAddresses}
        placeholder="10.0.0.0/8"
        field="trustedProxies"
        value={cidrs}
        onChange={(cidrs) => set({ cidrs, header })}
        problems={problems}
        disabled={disabled}
      />
      <Select
        label={t.theHeaderThatSays}
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
      name={t.rule}
      rows={value}
      onChange={onChange}
      make={(): IdentityRule => ({ source: "header", name: "" })}
      disabled={disabled}
    >
      {(rule, set, index) => (
        <>
          <Select
            aria-label={t.whereItStands}
            size="xs"
            w={230}
            allowDeselect={false}
            data={choices(IDENTITY_SOURCES, SOURCES)}
            value={rule.source}
            disabled={disabled}
            onChange={(source) => source && set({ source: source as IdentityRule["source"] })}
          />
          <TextInput
            aria-label={t.itsName}
            placeholder={rule.source === "jwtClaim" ? t.exampleClaim : t.xClientId}
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
      name={t.limit}
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
              label={t.name}
              placeholder={t.login}
              size="xs"
              w={120}
              value={limit.name}
              disabled={disabled}
              error={problems.at.get(at("name"))}
              onChange={(event) => set({ name: event.currentTarget.value })}
            />
            <Figure
              label={t.requests}
              w={90}
              field={at("requests")}
              value={limit.requests}
              onChange={(requests) => set({ requests: requests ?? 0 })}
              problems={problems}
              disabled={disabled}
            />
            <Figure
              label={t.inMinutes}
              w={90}
              field={at("windowMinutes")}
              value={limit.windowMinutes}
              onChange={(windowMinutes) => set({ windowMinutes: windowMinutes ?? 0 })}
              problems={problems}
              disabled={disabled}
            />
            <TextInput
              label={t.pathBeginsWith}
              placeholder={t.apiLoginOrAny}
              size="xs"
              w={170}
              value={limit.path}
              disabled={disabled}
              error={problems.at.get(at("path"))}
              onChange={(event) => set({ path: event.currentTarget.value })}
            />
            <MultiSelect
              label={t.methods}
              placeholder={limit.methods.length === 0 ? t.any : ""}
              size="xs"
              w={170}
              data={[...new Set([...METHODS, ...limit.methods])]}
              value={limit.methods}
              disabled={disabled}
              error={problems.at.get(at("methods"))}
              onChange={(methods) => set({ methods })}
            />
            <Checkbox
              label={t.eachEndpointApart}
              size="xs"
              mt={32}
              checked={limit.perEndpoint}
              disabled={disabled}
              onChange={(event) => set({ perEndpoint: event.currentTarget.checked })}
            />
            <Checkbox
              label={t.block}
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
        label={t.differentObjects}
        placeholder={t.asItCame}
        w={150}
        field="enumeration.distinct"
        value={value?.distinct || null}
        onChange={(distinct) => set({ distinct })}
        problems={problems}
        disabled={disabled}
      />
      <Figure
        label={t.inMinutes}
        placeholder={t.asItCame}
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
      label={t.days}
      placeholder={t.asItWasStarted}
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
    { key: "headers", label: t.headers, placeholder: t.xSessionToken },
    { key: "fields", label: t.fieldsOfJsonForms, placeholder: t.dateOfBirth },
    { key: "patterns", label: t.patternsRegularExpressions, placeholder: "[0-9]{3}-[0-9]{4}" },
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
      name={t.rule}
      rows={value}
      onChange={onChange}
      isLabelled
      make={(): CaptureRule => ({ cidr: null, port: null, mode: "headers", reason: "" })}
      disabled={disabled}
    >
      {(rule, set, index) => (
        <>
          <TextInput
            label={t.addressOrPrefix}
            placeholder={t.any}
            size="xs"
            w={170}
            value={rule.cidr ?? ""}
            disabled={disabled}
            error={problems.at.get(`rules[${index}].cidr`)}
            onChange={(event) => set({ cidr: event.currentTarget.value.trim() || null })}
          />
          <Figure
            label={t.port}
            placeholder={t.any}
            w={90}
            field={`rules[${index}].port`}
            value={rule.port}
            onChange={(port) => set({ port })}
            problems={problems}
            disabled={disabled}
          />
          <Select
            label={t.whatTheSensorsDo}
            size="xs"
            w={170}
            allowDeselect={false}
            data={choices(CAPTURE_MODES, MODES)}
            value={rule.mode}
            disabled={disabled}
            onChange={(mode) => mode && set({ mode: mode as CaptureRule["mode"] })}
          />
          <TextInput
            label={t.reason}
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
