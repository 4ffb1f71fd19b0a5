import { List, Skeleton, Stack, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Wrench } from "lucide-react";
import { ApiError } from "../../../api/client";
import { policiesQuery, remediationQuery } from "../../../api/queries";
import { EmptyState } from "../../../shared/EmptyState";
import { ErrorNote } from "../../../shared/ErrorNote";
import { ExternalLink } from "../../../shared/ExternalLink";
import { SafeMarkdown } from "../../../shared/SafeMarkdown";
import { activity as t } from "../../../texts/activity";

/** What to do about it, as the policy says. */
export function RemediationView({ policyId }: { policyId: string }) {
  const { data: remediation, error } = useQuery(remediationQuery(policyId));
  const { data: policies } = useQuery(policiesQuery);
  const references = policies?.find(({ id }) => id === policyId)?.info.references ?? [];
  const gone = error instanceof ApiError && error.status === 422;
  if (error && !gone) return <ErrorNote error={error} title={t.theRemediationCouldNot} />;
  if (remediation === undefined && !gone) return <Skeleton height={120} />;
  return (
    <Stack>
      {remediation ? (
        <SafeMarkdown>{remediation}</SafeMarkdown>
      ) : (
        <EmptyState icon={Wrench} title={t.thePolicyHasNo}>
          {t.add} <code>remediation</code> {t.toThe} <code>info</code> {t.ofThePolicy} {policyId}.
        </EmptyState>
      )}
      {references.length > 0 && (
        <section>
          <Title order={3} size="sm" mb={6}>
            {t.references}
          </Title>
          <List size="sm">
            {references.map((reference) => (
              <List.Item key={reference}>
                <ExternalLink href={reference}>{reference}</ExternalLink>
              </List.Item>
            ))}
          </List>
        </section>
      )}
    </Stack>
  );
}
