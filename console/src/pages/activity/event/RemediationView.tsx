import { List, Skeleton, Stack, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Wrench } from "lucide-react";
import { ApiError } from "../../../api/client";
import { policiesQuery, remediationQuery } from "../../../api/queries";
import { EmptyState } from "../../../shared/EmptyState";
import { ErrorNote } from "../../../shared/ErrorNote";
import { ExternalLink } from "../../../shared/ExternalLink";
import { SafeMarkdown } from "../../../shared/SafeMarkdown";

/** What to do about it, as the policy says. */
export function RemediationView({ policyId }: { policyId: string }) {
  const { data: remediation, error } = useQuery(remediationQuery(policyId));
  const { data: policies } = useQuery(policiesQuery);
  const references = policies?.find(({ id }) => id === policyId)?.info.references ?? [];
  const gone = error instanceof ApiError && error.status === 422;
  if (error && !gone) return <ErrorNote error={error} title="The remediation could not be loaded" />;
  if (remediation === undefined && !gone) return <Skeleton height={120} />;
  return (
    <Stack>
      {remediation ? (
        <SafeMarkdown>{remediation}</SafeMarkdown>
      ) : (
        <EmptyState icon={Wrench} title="The policy has no remediation">
          Add <code>remediation</code> to the <code>info</code> of {policyId}.
        </EmptyState>
      )}
      {references.length > 0 && (
        <section>
          <Title order={3} size="sm" mb={6}>
            References
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
