import { Badge, Group, Skeleton, Tabs } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { FileQuestion } from "lucide-react";
import { useState } from "react";
import { policiesQuery } from "../../api/queries";
import type { Policy } from "../../api/types";
import { EmptyState } from "../../shared/EmptyState";
import { ErrorNote } from "../../shared/ErrorNote";
import { PageAnchor } from "../../shared/links";
import { Page } from "../../shared/Page";
import { policies as t } from "../../texts/policies";
import { About } from "./About";
import { LeaveGuard } from "./LeaveGuard";
import { PolicyActions } from "./PolicyActions";
import { PolicyText } from "./PolicyText";
import { StateBadges } from "./StateBadges";
import type { PolicyTab } from "./search";
import { VersionsView } from "./VersionsView";

const route = getRouteApi("/shell/policies/$policyId");

/** One policy: its text, what became of it, and what people should know. */
export function PolicyPage() {
  const { policyId } = route.useParams();
  const { data: policies, error } = useQuery(policiesQuery);
  const policy = policies?.find(({ id }) => id === policyId);
  return (
    <Page
      title={policyId}
      about={policy?.info.name ?? t.aPolicy}
      actions={policy && <PolicyActions policy={policy} />}
    >
      {error && !policies && <ErrorNote error={error} title={t.thePolicyCouldNot} />}
      {!policies && !error && <Skeleton height={400} />}
      {policies && !policy && (
        <EmptyState icon={FileQuestion} title={t.thereIsNoSuch}>
          {t.itMayHaveBeen} <PageAnchor to="/policies">{t.allPolicies}</PageAnchor>
        </EmptyState>
      )}
      {policy && <Opened key={policy.id} policy={policy} />}
    </Page>
  );
}

function Opened({ policy }: { policy: Policy }) {
  const { tab = "text" } = route.useSearch();
  const navigate = route.useNavigate();
  const [edited, setEdited] = useState<string>();
  const text = edited ?? policy.content;
  const show = (tab: PolicyTab | undefined) =>
    void navigate({ to: ".", search: (old) => ({ ...old, tab }), replace: true });
  return (
    <Tabs
      value={tab}
      keepMounted={false}
      onChange={(tab) => show(tab === "text" ? undefined : (tab as PolicyTab))}
    >
      <Group mb="md" gap="xs" justify="space-between">
        <Tabs.List>
          <Tabs.Tab value="text">{t.text}</Tabs.Tab>
          <Tabs.Tab value="versions">{t.versions}</Tabs.Tab>
          <Tabs.Tab value="about">{t.about}</Tabs.Tab>
        </Tabs.List>
        <Group gap={6}>
          <StateBadges policy={policy} />
          {edited !== undefined && edited !== policy.content && <Badge color="yellow">{t.notSaved}</Badge>}
        </Group>
      </Group>
      <Tabs.Panel value="text">
        <PolicyText
          label={t.textOf(policy.id)}
          saved={policy.content}
          text={text}
          onChange={setEdited}
          onSaved={({ template }) => {
            setEdited(undefined);
            if (template.id !== policy.id)
              void navigate({
                to: "/policies/$policyId",
                params: { policyId: template.id },
                ignoreBlocker: true,
              });
          }}
        />
      </Tabs.Panel>
      <Tabs.Panel value="versions">
        <VersionsView
          policy={policy}
          onRolledBack={() => {
            setEdited(undefined);
            show(undefined);
          }}
        />
      </Tabs.Panel>
      <Tabs.Panel value="about">
        <About policy={policy} />
      </Tabs.Panel>
      <LeaveGuard isChanged={text !== policy.content} />
    </Tabs>
  );
}
