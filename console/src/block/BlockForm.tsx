import { Button, Group, Select, Stack, Text, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { addBlock, useCommand } from "../api/commands";
import { ErrorNote } from "../shared/ErrorNote";
import { parsePrefix } from "./cidr";
import { coverageOf } from "./coverage";
import { showCoverage } from "./notice";

const TTLS = [
  { value: "900", label: "15 minutes" },
  { value: "3600", label: "1 hour" },
  { value: "14400", label: "4 hours" },
  { value: "86400", label: "1 day" },
  { value: "604800", label: "7 days" },
  { value: "permanent", label: "Until somebody lifts it" },
];

interface BlockFormProps {
  /** The address to block; without it the form asks for one. */
  address?: string;
  reason?: string;
  onDone: () => void;
}

export function BlockForm({ address, reason: suggested = "", onDone }: BlockFormProps) {
  const [cidr, setCidr] = useState(address ?? "");
  const [ttl, setTtl] = useState("14400");
  const [reason, setReason] = useState(suggested);
  const block = useCommand(addBlock);
  const wrong = cidr.trim() !== "" && !parsePrefix(cidr.trim());

  function submit(event: FormEvent) {
    event.preventDefault();
    block.mutate(
      { cidr: cidr.trim(), ttlSeconds: ttl === "permanent" ? null : Number(ttl), reason: reason.trim() },
      {
        onSuccess: (reply) => {
          showCoverage(`Blocked ${reply.block?.cidr ?? cidr}`, coverageOf(reply));
          onDone();
        },
      },
    );
  }

  return (
    <Stack component="form" gap="xs" onSubmit={submit}>
      {address === undefined && (
        <TextInput
          label="Address or prefix"
          placeholder="203.0.113.9 or 2001:db8::/48"
          required
          data-autofocus
          value={cidr}
          error={wrong && "neither an address nor a prefix"}
          onChange={(event) => setCidr(event.currentTarget.value)}
        />
      )}
      <Select
        label="For how long"
        allowDeselect={false}
        data={TTLS}
        value={ttl}
        onChange={(value) => value && setTtl(value)}
        comboboxProps={{ withinPortal: false }}
      />
      <TextInput
        label="Reason"
        value={reason}
        maxLength={200}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
      <Text size="xs" c="dimmed">
        Every sensor drops its packets before the network stack sees them.
      </Text>
      {block.isError && <ErrorNote title="Not blocked" error={block.error} />}
      <Group justify="flex-end">
        <Button type="submit" color="red" loading={block.isPending} disabled={cidr.trim() === "" || wrong}>
          {address === undefined ? "Block" : `Block ${address}`}
        </Button>
      </Group>
    </Stack>
  );
}
