import { Alert, FileInput, ScrollArea, Stack, Table, Text, Textarea, TextInput } from "@mantine/core";
import { useState } from "react";
import { useCommand } from "../../../api/commands";
import type { List } from "../../../api/lists";
import { BLOCK_TTLS } from "../../../block/BlockForm";
import { CommandForm } from "../../../shared/CommandForm";
import { count, plural } from "../../../shared/format";
import { showDone } from "../../../shared/notices";
import { TtlSelect } from "../../../shared/TtlSelect";
import { Hostile } from "../../../shared/text";
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
    if (file.size > MOST_BYTES) return setFileProblem(`has more than ${MOST_BYTES >> 20} MiB: split it`);
    change(await file.text());
  }

  return (
    <CommandForm
      submit={checked ? `Import ${plural(checked.accepted, "entry", "entries")}` : "Check"}
      failed="Not imported"
      error={run.error}
      pending={run.isPending}
      disabled={lines.length === 0 || checked?.accepted === 0}
      aside={
        <Text size="xs" c="dimmed" aria-live="polite">
          {run.isPending
            ? `${count(progress)} of ${count(lines.length)}`
            : plural(lines.length, "entry", "entries")}
        </Text>
      }
      onSubmit={() =>
        run.mutate(!checked, {
          onSuccess: (imported) => {
            if (!checked) return setChecked(imported);
            showDone(`${plural(imported.accepted, "entry", "entries")} ${DONE[list]}`);
            onDone();
          },
        })
      }
    >
      <FileInput
        label="File"
        placeholder="Choose a text or CSV file"
        accept=".txt,.csv,.list,.netset,.ipset,text/plain,text/csv"
        clearable
        clearButtonProps={{ "aria-label": "No file" }}
        error={fileProblem}
        onChange={(file) => void read(file)}
      />
      <Textarea
        label="Or paste it"
        description="An address or a prefix a line; after a comma or # the reason"
        placeholder={"203.0.113.9\n198.51.100.0/24, seen in the feed"}
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
          without="Until somebody lifts it"
          value={ttlSeconds}
          onChange={setTtl}
        />
      )}
      <TextInput
        label="Reason"
        description="For those that have none of their own"
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
        All of them fit.
      </Alert>
    );
  return (
    <Alert
      role="status"
      color="yellow"
      title={`${plural(problems.length, "line")} cannot be used, ${plural(accepted, "entry", "entries")} can`}
    >
      <Stack gap={4}>
        <ScrollArea.Autosize mah={220}>
          <Table fz="xs" verticalSpacing={3} aria-label="Lines that cannot be used">
            <Table.Tbody>
              {problems.slice(0, SHOWN).map(({ line, text, problem }) => (
                <Table.Tr key={line}>
                  <Table.Td w={70}>line {line}</Table.Td>
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
        {problems.length > SHOWN && `and ${count(problems.length - SHOWN)} more`}
      </Stack>
    </Alert>
  );
}
