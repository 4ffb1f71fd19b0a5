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
import { policies as t } from "../../texts/policies";
import { showSaved } from "./PolicyText";

const STEPS = { saved: t.saved, deleted: t.putOutOfForce, restored: t.restoredAsItCame } as const;

interface VersionsViewProps {
  policy: Policy;
  onRolledBack: (reply: SavedPolicy) => void;
}

/** What became of a policy, with what each version has otherwise than the one in force. */
export function VersionsView({ policy, onRolledBack }: VersionsViewProps) {
  const { data: versions, error } = useQuery(versionsQuery(policy.id));
  const [chosen, setChosen] = useState<number>();
  if (error && !versions) return <ErrorNote error={error} title={t.theVersionsCouldNot} />;
  if (!versions) return <Skeleton height={240} />;
  if (versions.length === 0) {
    return (
      <EmptyState icon={History} title={t.itWasNeverChanged}>
        {t.itIsInForce}
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
            label={t.version(one.version, STEPS[one.step].toLowerCase())}
            description={
              <>
                {one.author}, <DateTime at={one.at} />
              </>
            }
            rightSection={one === versions[0] && <Badge size="xs">{t.latest}</Badge>}
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
      <Alert role="status" title={t.versionHasNoText(version.version)}>
        {t.stepBy(STEPS[version.step], version.author)}
      </Alert>
    );
  }
  const isSame = policy.inForce && content === policy.content;
  return (
    <Stack gap="xs">
      <Group justify="space-between" gap="xs">
        <Text size="sm" fw={600}>
          {isSame ? t.inForceMarkedIs : t.markedIsWhatVersion(version.version)}
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
                  onError: (error) => showProblem(t.itIsInForceAs, error),
                },
              )
            }
          >
            {t.rollBackToVersion(version.version)}
          </Button>
        )}
      </Group>
      <LazyDifference
        label={t.versionNumber(version.version)}
        before={isSame ? before : policy.content}
        after={content}
      />
    </Stack>
  );
}
