import { Alert, FileInput, ScrollArea, Stack, Table, Text, Textarea, TextInput } from "@mantine/core";
import { useState } from "react";
import { useCommand } from "../../../api/commands";
import type { List } from "../../../api/lists";
import { BLOCK_TTLS } from "../../../block/BlockForm";
import { CommandForm } from "../../../shared/CommandForm";
import { showDone } from "../../../shared/notices";
import { TtlSelect } from "../../../shared/TtlSelect";
import { Hostile } from "../../../shared/text";
import { blocklist as t } from "../../../texts/blocklist";
import { type Imported, importLines, linesOf } from "./lines";

const MOST_BYTES = 32 << 20;
// More would not be read; the file is to be mended and brought again.
const SHOWN = 200;
// A longer text would make the box slow; it is kept all the same.
const SHOWN_CHARACTERS = 20_000;
const DONE = { blocks: "blocked", allowed: "allowed" } as const;

/** A list of prefixes, from a file or pasted: looked through first, with what is wrong line by line. */
export function ImportForm({ list, onDone }: { list: List; onDone: () => void }) {
  const [text, setText] = useState("");
  const [reason, setReason] = useState("");
  const [ttlSeconds, setTtl] = useState<number | null>(null);
  const [fileProblem, setFileProblem] = useState<string>();
  const [progress, setProgress] = useState(0);
  const lines = linesOf(text);
  const run = useCommand((dryRun: boolean) =>
    importLines(list, lines, { reason: reason.trim(), ttlSeconds, dryRun }, setProgress),
  );
  const [checked, setChecked] = useState<Imported>();
  const change = (text: string) => {
    setText(text);
    setChecked(undefined);
    run.reset();
  };

  async function read(file: File | null) {
    setFileProblem(undefined);
    if (!file) return change("");
    if (file.size > MOST_BYTES) return setFileProblem(t.hasMoreThanMib(MOST_BYTES >> 20));
    change(await file.text());
  }

  return (
    <CommandForm
      submit={checked ? t.importEntry(checked.accepted) : t.check}
      failed={t.notImported}
      error={run.error}
      pending={run.isPending}
      disabled={lines.length === 0 || checked?.accepted === 0}
      aside={
        <Text size="xs" c="dimmed" aria-live="polite">
          {run.isPending ? t.progressOf(progress, lines.length) : t.entries(lines.length)}
        </Text>
      }
      onSubmit={() =>
        run.mutate(!checked, {
          onSuccess: (imported) => {
            if (!checked) return setChecked(imported);
            showDone(t.entriesDone(imported.accepted, DONE[list]));
            onDone();
          },
        })
      }
    >
      <FileInput
        label={t.file}
        placeholder={t.chooseATextOr}
        accept=".txt,.csv,.list,.netset,.ipset,text/plain,text/csv"
        clearable
        clearButtonProps={{ "aria-label": t.noFile }}
        error={fileProblem}
        onChange={(file) => void read(file)}
      />
      <Textarea
        label={t.orPasteIt}
        description={t.anAddressOrA}
        placeholder={t.exampleList}
        autosize
        minRows={4}
        maxRows={10}
        ff="monospace"
        readOnly={text.length > SHOWN_CHARACTERS}
        value={text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}\n…` : text}
        onChange={(event) => change(event.currentTarget.value)}
      />
      {list === "blocks" && (
        <TtlSelect
          choices={[...BLOCK_TTLS, 2_592_000]}
          without={t.untilSomebodyLiftsIt}
          value={ttlSeconds}
          onChange={setTtl}
        />
      )}
      <TextInput
        label={t.reason}
        description={t.forThoseThatHave}
        maxLength={200}
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
      {checked && <Outcome checked={checked} />}
    </CommandForm>
  );
}

function Outcome({ checked: { accepted, problems } }: { checked: Imported }) {
  if (problems.length === 0)
    return (
      <Alert role="status" color="teal">
        {t.allOfThemFit}
      </Alert>
    );
  return (
    <Alert role="status" color="yellow" title={t.lineCannotBeUsed(problems.length, accepted)}>
      <Stack gap={4}>
        <ScrollArea.Autosize mah={220}>
          <Table fz="xs" verticalSpacing={3} aria-label={t.linesThatCannotBe}>
            <Table.Tbody>
              {problems.slice(0, SHOWN).map(({ line, text, problem }) => (
                <Table.Tr key={line}>
                  <Table.Td w={70}>{t.line(line)}</Table.Td>
                  <Table.Td>
                    <Hostile>{text.slice(0, 60)}</Hostile>
                  </Table.Td>
                  <Table.Td>
                    <Hostile>{problem}</Hostile>
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </ScrollArea.Autosize>
        {problems.length > SHOWN && t.andMore(problems.length - SHOWN)}
      </Stack>
    </Alert>
  );
}
