import { Code, Drawer, Group, Loader, Stack, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { FileQuestion } from "lucide-react";
import { policiesQuery } from "../../api/queries";
import type { Policy } from "../../api/types";
import { CopyButton } from "../../shared/CopyButton";
import { EmptyState } from "../../shared/EmptyState";
import { Fact, Facts } from "../../shared/Fact";
import { SafeMarkdown } from "../../shared/SafeMarkdown";
import { SeverityBadge } from "../../shared/Severity";

const route = getRouteApi("/shell/policies/$policyId");

/** One policy, to read. */
export function PolicyDrawer() {
  const { policyId } = route.useParams();
  const navigate = route.useNavigate();
  const { data: policies } = useQuery(policiesQuery);
  const policy = policies?.find(({ id }) => id === policyId);
  return (
    <Drawer
      opened
      onClose={() => void navigate({ to: "/policies" })}
      position="right"
      size="min(760px, 100%)"
      transitionProps={{ duration: 0 }}
      title={<Title order={2}>{policyId}</Title>}
      closeButtonProps={{ "aria-label": "Close" }}
    >
      {!policies && <Loader size="sm" role="status" aria-label="Loading" />}
      {policies && !policy && (
        <EmptyState icon={FileQuestion} title="There is no such policy">
          It may have been removed since the event that led here.
        </EmptyState>
      )}
      {policy && <Details policy={policy} />}
    </Drawer>
  );
}

function Details({ policy: { info, author, content } }: { policy: Policy }) {
  return (
    <Stack>
      <Facts>
        <Fact name="Severity">
          <SeverityBadge severity={info.severity} />
        </Fact>
        <Fact name="Category">{info.category.displayName}</Fact>
        <Fact name="Sub-category">{info.subCategory}</Fact>
        <Fact name="Author">{author}</Fact>
        {info.cwe && info.cwe.length > 0 && <Fact name="CWE">{info.cwe.join(", ")}</Fact>}
      </Facts>
      {info.description && <SafeMarkdown>{info.description}</SafeMarkdown>}
      <Group justify="space-between">
        <Title order={3} size="sm">
          YAML
        </Title>
        <CopyButton text={() => content}>Copy</CopyButton>
      </Group>
      <Code block fz={12} style={{ whiteSpace: "pre-wrap" }}>
        {content}
      </Code>
    </Stack>
  );
}
