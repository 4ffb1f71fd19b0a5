import { Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { addBlock, useCommand } from "../api/commands";
import { CommandForm } from "../shared/CommandForm";
import { TtlSelect } from "../shared/TtlSelect";
import { block as t } from "../texts/block";
import { parsePrefix } from "./cidr";
import { coverageOf } from "./coverage";
import { showCoverage } from "./notice";

/** In seconds; what is blocked by hand usually ends by itself. */
export const BLOCK_TTLS = [900, 3_600, 14_400, 86_400, 604_800] as const;
export const USUAL_BLOCK_TTL = 14_400;

interface BlockFormProps {
  /** The address to block; without it the form asks for one. */
  address?: string;
  reason?: string;
  onDone: () => void;
}

export function BlockForm({ address, reason: suggested = "", onDone }: BlockFormProps) {
  const [cidr, setCidr] = useState(address ?? "");
  const [ttlSeconds, setTtl] = useState<number | null>(USUAL_BLOCK_TTL);
  const [reason, setReason] = useState(suggested);
  const block = useCommand(addBlock);
  const wrong = cidr.trim() !== "" && !parsePrefix(cidr.trim());
  const done = (reply: Awaited<ReturnType<typeof addBlock>>) => {
    showCoverage(t.blocked(reply.block?.cidr ?? cidr), coverageOf(reply));
    onDone();
  };

  return (
    <CommandForm
      submit={address === undefined ? t.block : t.blockThis(address)}
      failed={t.notBlocked}
      error={block.error}
      pending={block.isPending}
      disabled={cidr.trim() === "" || wrong}
      isDangerous
      onSubmit={() =>
        block.mutate({ cidr: cidr.trim(), ttlSeconds, reason: reason.trim() }, { onSuccess: done })
      }
    >
      {address === undefined && (
        <TextInput
          label={t.addressOrPrefix}
          placeholder={t.exampleToBlock}
          required
          data-autofocus
          value={cidr}
          error={wrong && t.neitherAnAddressNor}
          onChange={(event) => setCidr(event.currentTarget.value)}
        />
      )}
      <TtlSelect
        choices={BLOCK_TTLS}
        without={t.untilSomebodyLiftsIt}
        value={ttlSeconds}
        onChange={setTtl}
        comboboxProps={{ withinPortal: false }}
      />
      <TextInput
        label={t.reason}
        value={reason}
        maxLength={200}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
      <Text size="xs" c="dimmed">
        {t.everySensorDropsIts}
      </Text>
    </CommandForm>
  );
}
