import { Alert, FileInput, ScrollArea, Stack, Table, Text, Textarea } from "@mantine/core";
import { useState } from "react";
import { useCommand } from "../../../api/commands";
import { importIssues } from "../../../api/issues";
import type { ImportedIssues } from "../../../api/types";
import { CommandForm } from "../../../shared/CommandForm";
import { showDone } from "../../../shared/notices";
import { Hostile } from "../../../shared/text";
import { issues } from "../../../texts/issues";
import { formatOf } from "./format";

const t = issues.import;
// A request has 8 MiB, and a quote in it takes two bytes.
const MOST_BYTES = 7 << 20;
// A longer text would make the box slow; it is kept all the same.
const SHOWN_CHARACTERS = 20_000;

/** Another tool's findings: first what is in the file, then what became of it. */
export function ImportForm({ onDone }: { onDone: () => void }) {
  const [text, setText] = useState("");
  const [fileProblem, setFileProblem] = useState<string>();
  const [checked, setChecked] = useState<ImportedIssues>();
  const run = useCommand(importIssues);
  const format = formatOf(text);
  const change = (text: string) => {
    setText(text);
    setChecked(undefined);
    run.reset();
  };

  async function read(file: File | null) {
    setFileProblem(undefined);
    if (!file) return change("");
    if (file.size > MOST_BYTES) return setFileProblem(t.tooLarge(MOST_BYTES >> 20));
    change(await file.text());
  }

  function submit() {
    if (!format) return;
    run.mutate(
      { format, document: text, dryRun: !checked },
      {
        onSuccess: (result) => {
          if (result.dryRun) return setChecked(result);
          showDone(t.done(result.created), t.became(result));
          onDone();
        },
      },
    );
  }

  return (
    <CommandForm
      submit={checked ? t.do(checked.found) : t.check}
      failed={t.failed}
      error={run.error}
      pending={run.isPending}
      disabled={!format || (checked && checked.found + checked.clean === 0)}
      aside={
        <Text size="xs" c="dimmed" aria-live="polite">
          {format && t.reads[format]}
        </Text>
      }
      onSubmit={submit}
    >
      <FileInput
        label={t.file}
        placeholder={t.choose}
        accept=".sarif,.json,.jsonl,.ndjson,application/json"
        clearable
        clearButtonProps={{ "aria-label": t.noFile }}
        error={fileProblem}
        onChange={(file) => void read(file)}
      />
      <Textarea
        label={t.paste}
        description={t.pasteHow}
        rows={8}
        ff="monospace"
        readOnly={text.length > SHOWN_CHARACTERS}
        value={text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}\n…` : text}
        onChange={(event) => change(event.currentTarget.value)}
      />
      {checked && <Outcome of={checked} />}
    </CommandForm>
  );
}

function Outcome({ of: { found, clean, skipped, skippedCount } }: { of: ImportedIssues }) {
  return (
    <Alert role="status" color={skippedCount > 0 ? "yellow" : "teal"} title={t.holds(found, clean)}>
      {skippedCount > 0 && t.skipped(skippedCount)}
      {skipped.length > 0 && (
        <Stack gap={4} mt={6}>
          <ScrollArea.Autosize mah={220}>
            <Table fz="xs" verticalSpacing={3} aria-label={t.skippedTable}>
              <Table.Tbody>
                {skipped.map(({ place, problem }) => (
                  <Table.Tr key={`${place} ${problem}`}>
                    <Table.Td w="30%">
                      <Hostile>{place}</Hostile>
                    </Table.Td>
                    <Table.Td>
                      <Hostile>{problem}</Hostile>
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </ScrollArea.Autosize>
          {skippedCount > skipped.length && t.skippedMore(skippedCount - skipped.length)}
        </Stack>
      )}
    </Alert>
  );
}
