import { Alert, Badge, Button, Group, NavLink, ScrollArea, Skeleton, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { History, RotateCcw } from "lucide-react";
import { useState } from "react";
import { useCommand } from "../../api/commands";
import { rollBackPolicy, versionsQuery } from "../../api/policies";
import type { Policy, PolicyVersion, SavedPolicy } from "../../api/types";
import { Columns } from "../../shared/Columns";
import { EmptyState } from "../../shared/EmptyState";
import { ErrorNote } from "../../shared/ErrorNote";
import { LazyDifference } from "../../shared/LazyEditor";
import { showProblem } from "../../shared/notices";
import { useIsAdmin } from "../../shared/rights";
import { DateTime } from "../../shared/Time";
import { showSaved } from "./PolicyText";

const STEPS = { saved: "Saved", deleted: "Put out of force", restored: "Restored as it came" } as const;

interface VersionsViewProps {
  policy: Policy;
  onRolledBack: (reply: SavedPolicy) => void;
}

/** What became of a policy, with what each version has otherwise than the one in force. */
export function VersionsView({ policy, onRolledBack }: VersionsViewProps) {
  const { data: versions, error } = useQuery(versionsQuery(policy.id));
  const [chosen, setChosen] = useState<number>();
  if (error && !versions) return <ErrorNote error={error} title="The versions could not be loaded" />;
  if (!versions) return <Skeleton height={240} />;
  if (versions.length === 0) {
    return (
      <EmptyState icon={History} title="It was never changed">
        It is in force as it came with the sensors. What is saved is kept here, to compare and to go back to.
      </EmptyState>
    );
  }
  const shown = versions.find(({ version }) => version === chosen) ?? versions[0];
  return (
    <Columns least={260} gap={16}>
      <ScrollArea.Autosize mah={560}>
        {versions.map((one) => (
          <NavLink
            key={one.version}
            component="button"
            active={one.version === shown?.version}
            onClick={() => setChosen(one.version)}
            label={`Version ${one.version}: ${STEPS[one.step].toLowerCase()}`}
            description={
              <>
                {one.author}, <DateTime at={one.at} />
              </>
            }
            rightSection={one === versions[0] && <Badge size="xs">Latest</Badge>}
          />
        ))}
      </ScrollArea.Autosize>
      <div style={{ gridColumn: "span 2", minWidth: 0 }}>
        {shown && (
          <Shown
            policy={policy}
            version={shown}
            before={versions[versions.indexOf(shown) + 1]?.content ?? ""}
            onRolledBack={onRolledBack}
          />
        )}
      </div>
    </Columns>
  );
}

interface ShownProps extends VersionsViewProps {
  version: PolicyVersion;
  /** The text of the version before it; empty where there is none. */
  before: string;
}

function Shown({ policy, version, before, onRolledBack }: ShownProps) {
  const isAdmin = useIsAdmin();
  const rollBack = useCommand(rollBackPolicy);
  const { content } = version;
  if (content === null) {
    return (
      <Alert role="status" title={`Version ${version.version} has no text`}>
        {STEPS[version.step]} by {version.author}.
      </Alert>
    );
  }
  const isSame = policy.inForce && content === policy.content;
  return (
    <Stack gap="xs">
      <Group justify="space-between" gap="xs">
        <Text size="sm" fw={600}>
          {isSame
            ? "In force; marked is what it changed"
            : `Marked is what version ${version.version} has otherwise than what is in force`}
        </Text>
        {isAdmin && !isSame && (
          <Button
            size="xs"
            leftSection={<RotateCcw size={14} aria-hidden />}
            loading={rollBack.isPending}
            onClick={() =>
              rollBack.mutate(
                { id: policy.id, version: version.version },
                {
                  onSuccess: (reply) => {
                    showSaved(reply);
                    onRolledBack(reply);
                  },
                  onError: (error) => showProblem("It is in force as before", error),
                },
              )
            }
          >
            Roll back to version {version.version}
          </Button>
        )}
      </Group>
      <LazyDifference
        label={`Version ${version.version}`}
        before={isSame ? before : policy.content}
        after={content}
      />
    </Stack>
  );
}
