import { Stack, Title } from "@mantine/core";
import type { ReactNode } from "react";
import type { Policy } from "../../api/types";
import { Fact, Facts } from "../../shared/Fact";
import { SafeMarkdown } from "../../shared/SafeMarkdown";
import { SeverityBadge } from "../../shared/Severity";
import { DateTime } from "../../shared/Time";
import { policies as t } from "../../texts/policies";

/** What people should know of a policy. */
export function About({ policy: { info, author, updatedAt } }: { policy: Policy }) {
  return (
    <Stack>
      <Facts>
        <Fact name={t.severity}>
          <SeverityBadge severity={info.severity} />
        </Fact>
        <Fact name={t.category}>{info.category.displayName}</Fact>
        <Fact name={t.subCategory}>{info.subCategory}</Fact>
        <Fact name={t.author}>{author}</Fact>
        {updatedAt !== null && (
          <Fact name={t.changed}>
            <DateTime at={updatedAt} />
          </Fact>
        )}
        {info.cwe && info.cwe.length > 0 && <Fact name={t.cwe}>{info.cwe.join(", ")}</Fact>}
        {info.tags && info.tags.length > 0 && <Fact name={t.tags}>{info.tags.join(", ")}</Fact>}
      </Facts>
      {info.description && <SafeMarkdown>{info.description}</SafeMarkdown>}
      {info.details && <Part title={t.details}>{info.details}</Part>}
      {info.impact && <Part title={t.impact}>{info.impact}</Part>}
      {info.remediation && <Part title={t.remediation}>{info.remediation}</Part>}
    </Stack>
  );
}

function Part({ title, children }: { title: string; children: string }): ReactNode {
  return (
    <section>
      <Title order={2} size="sm" mb={6}>
        {title}
      </Title>
      <SafeMarkdown>{children}</SafeMarkdown>
    </section>
  );
}
