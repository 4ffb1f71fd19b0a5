import { Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { useCommand } from "../api/commands";
import { addAllowed } from "../api/lists";
import { CommandForm } from "../shared/CommandForm";
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
      submit={address === undefined ? "Allow" : `Allow ${address}`}
      failed="Not allowed"
      error={allow.error}
      pending={allow.isPending}
      disabled={cidr.trim() === "" || wrong}
      onSubmit={() =>
        allow.mutate(
          { cidr: cidr.trim(), reason: reason.trim() },
          {
            onSuccess: (reply) => {
              showCoverage(`Never blocked: ${cidr.trim()}`, coverageOf(reply));
              onDone();
            },
          },
        )
      }
    >
      {address === undefined && (
        <TextInput
          label="Address or prefix"
          placeholder="192.0.2.10 or 2001:db8::/48"
          required
          data-autofocus
          value={cidr}
          error={wrong && "neither an address nor a prefix"}
          onChange={(event) => setCidr(event.currentTarget.value)}
        />
      )}
      <TextInput
        label="Reason"
        placeholder="Our monitoring"
        value={reason}
        maxLength={200}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
      <Text size="xs" c="dimmed">
        No sensor drops its packets, whatever block covers it. Its attacks are still told.
      </Text>
    </CommandForm>
  );
}
