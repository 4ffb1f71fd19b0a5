import { Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { useCommand } from "../api/commands";
import { addAllowed } from "../api/lists";
import { CommandForm } from "../shared/CommandForm";
import { block as t } from "../texts/block";
import { parsePrefix } from "./cidr";
import { coverageOf } from "./coverage";
import { showCoverage } from "./notice";

interface AllowFormProps {
  /** The address to allow; without it the form asks for one. */
  address?: string;
  onDone: () => void;
}

export function AllowForm({ address, onDone }: AllowFormProps) {
  const [cidr, setCidr] = useState(address ?? "");
  const [reason, setReason] = useState("");
  const allow = useCommand(addAllowed);
  const wrong = cidr.trim() !== "" && !parsePrefix(cidr.trim());
  return (
    <CommandForm
      submit={address === undefined ? t.allow : t.allowThis(address)}
      failed={t.notAllowed}
      error={allow.error}
      pending={allow.isPending}
      disabled={cidr.trim() === "" || wrong}
      onSubmit={() =>
        allow.mutate(
          { cidr: cidr.trim(), reason: reason.trim() },
          {
            onSuccess: (reply) => {
              showCoverage(t.neverBlocked(cidr.trim()), coverageOf(reply));
              onDone();
            },
          },
        )
      }
    >
      {address === undefined && (
        <TextInput
          label={t.addressOrPrefix}
          placeholder={t.exampleToAllow}
          required
          data-autofocus
          value={cidr}
          error={wrong && t.neitherAnAddressNor}
          onChange={(event) => setCidr(event.currentTarget.value)}
        />
      )}
      <TextInput
        label={t.reason}
        placeholder={t.ourMonitoring}
        value={reason}
        maxLength={200}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
      <Text size="xs" c="dimmed">
        {t.noSensorDropsIts}
      </Text>
    </CommandForm>
  );
}
