import { Button, Code, Group, Skeleton, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { setVniMapping, vniMappingQuery } from "../../../api/accounts";
import { useCommand } from "../../../api/commands";
import { ErrorNote } from "../../../shared/ErrorNote";
import { LazyEditor } from "../../../shared/LazyEditor";
import { showDone } from "../../../shared/notices";
import { Panel } from "../../../shared/Panel";
import { problemsOf } from "../../../shared/problems";
import { settings as t } from "../../../texts/settings";

const EXAMPLE = `vnis:
  - vni: 4711
    account: acme
    collection: 12`;

/** Which virtual network of a mirror belongs to whom. */
export function VniMapping() {
  const { data: saved, error } = useQuery(vniMappingQuery);
  const [edited, setEdited] = useState<string>();
  const [goTo, setGoTo] = useState<{ at: number }>();
  const save = useCommand(setVniMapping);
  if (error && saved === undefined) return <ErrorNote error={error} title={t.theMappingCouldNot} />;
  if (saved === undefined) return <Skeleton height={220} />;
  const text = edited ?? saved;

  function refused(error: unknown) {
    const line = /^line (\d+)/.exec(problemsOf(error).at.get("yaml") ?? "")?.[1];
    if (line) setGoTo({ at: startOf(text, Number(line)) });
  }

  return (
    <Panel title={t.overlayNetworks}>
      <Stack gap="sm">
        <Text size="sm" c="dimmed">
          {t.whoseTheNetworksOf}
        </Text>
        <Code block>{EXAMPLE}</Code>
        <LazyEditor
          label={t.vniMapping}
          height={220}
          value={text}
          onChange={(text) => {
            setEdited(text);
            save.reset();
          }}
          goTo={goTo}
        />
        {save.isError && <ErrorNote title={t.notSaved} error={save.error} />}
        <Group justify="flex-end">
          <Button
            size="xs"
            loading={save.isPending}
            disabled={text === saved}
            onClick={() =>
              save.mutate(text, {
                onSuccess: () => {
                  setEdited(undefined);
                  showDone(t.theMappingHoldsFor);
                },
                onError: refused,
              })
            }
          >
            {t.saveTheMapping}
          </Button>
        </Group>
      </Stack>
    </Panel>
  );
}

const startOf = (text: string, line: number) =>
  text
    .split("\n")
    .slice(0, line - 1)
    .reduce((sum, { length }) => sum + length + 1, 0);
