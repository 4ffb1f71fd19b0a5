import { Stack, Title } from "@mantine/core";
import type { ReactNode } from "react";
import type { Policy } from "../../api/types";
import { Fact, Facts } from "../../shared/Fact";
import { SafeMarkdown } from "../../shared/SafeMarkdown";
import { SeverityBadge } from "../../shared/Severity";
import { DateTime } from "../../shared/Time";

/** What people should know of a policy. */
export function About({ policy: { info, author, updatedAt } }: { policy: Policy }) {
  return (
    <Stack>
      <Facts>
        <Fact name="Severity">
          <SeverityBadge severity={info.severity} />
        </Fact>
        <Fact name="Category">{info.category.displayName}</Fact>
        <Fact name="Sub-category">{info.subCategory}</Fact>
        <Fact name="Author">{author}</Fact>
        {updatedAt !== null && (
          <Fact name="Changed">
            <DateTime at={updatedAt} />
          </Fact>
        )}
        {info.cwe && info.cwe.length > 0 && <Fact name="CWE">{info.cwe.join(", ")}</Fact>}
        {info.tags && info.tags.length > 0 && <Fact name="Tags">{info.tags.join(", ")}</Fact>}
      </Facts>
      {info.description && <SafeMarkdown>{info.description}</SafeMarkdown>}
      {info.details && <Part title="Details">{info.details}</Part>}
      {info.impact && <Part title="Impact">{info.impact}</Part>}
      {info.remediation && <Part title="Remediation">{info.remediation}</Part>}
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
