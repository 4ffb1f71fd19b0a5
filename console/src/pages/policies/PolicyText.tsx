import type { Diagnostic } from "@codemirror/lint";
import { Alert, Button, Group, Stack, Text, UnstyledButton } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { Save } from "lucide-react";
import { useState } from "react";
import { useCommand } from "../../api/commands";
import { savePolicy, tryOnSample } from "../../api/policies";
import type { SavedPolicy } from "../../api/types";
import { coverageOf } from "../../block/coverage";
import { showCoverage } from "../../block/notice";
import { Columns } from "../../shared/Columns";
import { ErrorNote } from "../../shared/ErrorNote";
import { LazyEditor } from "../../shared/LazyEditor";
import { showProblem } from "../../shared/notices";
import { useIsAdmin, useMayAct } from "../../shared/rights";
import { policies as t } from "../../texts/policies";
import { policyCompletions } from "./editor/complete";
import { rangeOf, type TextProblem, textProblemsOf } from "./editor/problems";
import { TrialPanel } from "./trial/TrialPanel";

// What a check judges: the text is what counts.
const ANY_REQUEST = "{}";

interface PolicyTextProps {
  label: string;
  /** As it is in force. */
  saved: string;
  text: string;
  onChange: (text: string) => void;
  onSaved: (reply: SavedPolicy) => void;
}

/** The text with what is wrong in it, trying it, and saving it. */
export function PolicyText({ label, saved, text, onChange, onSaved }: PolicyTextProps) {
  const isAdmin = useIsAdmin();
  const mayTry = useMayAct();
  const save = useCommand(savePolicy);
  const [problems, setProblems] = useState<TextProblem[]>([]);
  const [goTo, setGoTo] = useState<{ at: number }>();
  const checking = useMutation({ mutationFn: (content: string) => checkText(content) });

  async function check(content: string): Promise<Diagnostic[]> {
    const found = content.trim() === "" ? [] : await checking.mutateAsync(content);
    setProblems(found);
    return found.map((problem) => ({
      ...rangeOf(content, problem),
      severity: "error" as const,
      message: problem.message,
    }));
  }

  const isChanged = text !== saved;
  const refused = textProblemsOf(save.error) === undefined ? save.error : null;
  return (
    <Columns least={330} gap={16}>
      <Stack gap="xs" style={{ gridColumn: "span 2" }}>
        <LazyEditor
          label={label}
          height="min(62vh, 640px)"
          value={text}
          onChange={onChange}
          readOnly={!isAdmin}
          complete={policyCompletions}
          {...(mayTry ? { check } : {})}
          goTo={goTo}
        />
        {problems.length > 0 && (
          <Alert color="red" role="alert" title={t.problemInTheText(problems.length)} py="xs">
            {problems.map((problem) => (
              <UnstyledButton
                key={`${problem.line} ${problem.column} ${problem.message}`}
                display="block"
                fz="sm"
                onClick={() => setGoTo({ at: rangeOf(text, problem).from })}
              >
                {problem.line > 0 && <strong>{t.lineColumn(problem.line, problem.column)}</strong>}
                {problem.message}
              </UnstyledButton>
            ))}
          </Alert>
        )}
        {Boolean(refused) && <ErrorNote title={t.notSaved} error={refused} />}
        {isAdmin && (
          <Group justify="space-between" gap="xs">
            <Text size="xs" c="dimmed" aria-live="polite">
              {isChanged ? t.changedAndNotSaved : t.asItIsSaved}
            </Text>
            <Group gap="xs">
              <Button size="xs" variant="default" disabled={!isChanged} onClick={() => onChange(saved)}>
                {t.undoAll}
              </Button>
              <Button
                size="xs"
                leftSection={<Save size={14} aria-hidden />}
                loading={save.isPending}
                disabled={!isChanged || problems.length > 0}
                onClick={() =>
                  save.mutate(text, {
                    onSuccess: (reply) => {
                      showSaved(reply);
                      onSaved(reply);
                    },
                    onError: (error) => setProblems(textProblemsOf(error) ?? []),
                  })
                }
              >
                {t.save}
              </Button>
            </Group>
          </Group>
        )}
      </Stack>
      {mayTry && <TrialPanel content={text} />}
    </Columns>
  );
}

/** What the control plane would refuse of the text. Where it does not answer, nothing is known to be wrong. */
async function checkText(content: string): Promise<TextProblem[]> {
  try {
    await tryOnSample({ content, sample: ANY_REQUEST });
    return [];
  } catch (error) {
    return textProblemsOf(error) ?? [];
  }
}

/** Says where a saved policy is in force, and which of its own examples it gets wrong. */
export function showSaved(reply: SavedPolicy): void {
  const { template, examples, refused = [] } = reply;
  showCoverage(t.isSaved(template.id), {
    ...coverageOf(reply),
    refusals: refused.map(({ node, reason }) => `${node}: ${reason}`),
  });
  const wrong = examples.missed.length + examples.accused.length;
  if (wrong === 0) return;
  const firstLine = (text: string) => text.split("\n")[0] ?? "";
  const parts = [
    ...examples.missed.map((text) => t.doesNotMatch(firstLine(text))),
    ...examples.accused.map((text) => t.matches(firstLine(text))),
  ];
  showProblem(t.exampleOfJudgedOtherwise(wrong, template.id), new Error(parts.join("; ")));
}
