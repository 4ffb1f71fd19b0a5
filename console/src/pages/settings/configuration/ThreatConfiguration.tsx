import { Alert, Skeleton, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Info } from "lucide-react";
import {
  type Configuration,
  captureRulesQuery,
  configurationQuery,
  setCaptureRules,
  setPart,
} from "../../../api/configuration";
import { ErrorNote } from "../../../shared/ErrorNote";
import { DateTime } from "../../../shared/Time";
import { settings as t } from "../../../texts/settings";
import { PartForm } from "./PartForm";
import {
  CaptureFields,
  EnumerationFields,
  IdentityFields,
  ProxyFields,
  RateLimitFields,
  RedactionFields,
  RetentionFields,
} from "./parts";

/** How all sensors see traffic; each part is saved by itself and in force between two exchanges. */
export function ThreatConfiguration() {
  const known = useQuery(configurationQuery);
  const rules = useQuery(captureRulesQuery);
  const error = known.error ?? rules.error;
  if (error && !known.data) return <ErrorNote error={error} title={t.theConfigurationCouldNot} />;
  if (!known.data || !rules.data) return <Skeleton height={420} />;
  const { configuration, author, updatedAt } = known.data;
  const part = <Part extends keyof Configuration>(name: Part) => ({
    saved: configuration[name],
    save: (value: Configuration[Part]) => setPart(name, value),
  });
  return (
    <Stack>
      <Alert role="note" icon={<Info size={18} />} py="xs">
        {t.itGoesToEvery}
        {updatedAt !== null && (
          <Text span size="sm" c="dimmed">
            {" "}
            {t.lastChangedBy} {author}, <DateTime at={updatedAt} />.
          </Text>
        )}
      </Alert>
      <PartForm title={t.trustedProxies} about={t.behindTheseTheActor} {...part("trustedProxies")}>
        {(field) => <ProxyFields {...field} />}
      </PartForm>
      <PartForm title={t.actorIdentity} about={t.inOrderTheFirst} {...part("actorIdentity")}>
        {(field) => <IdentityFields {...field} />}
      </PartForm>
      <PartForm title={t.rateLimits} about={t.moreRequestsOfOne} {...part("rateLimits")}>
        {(field) => <RateLimitFields {...field} />}
      </PartForm>
      <PartForm title={t.enumeration} about={t.soManyDifferentObjects} {...part("enumeration")}>
        {(field) => <EnumerationFields {...field} />}
      </PartForm>
      <PartForm title={t.retention} about={t.howLongEventsAre} {...part("retentionDays")}>
        {(field) => <RetentionFields {...field} />}
      </PartForm>
      <PartForm title={t.redaction} about={t.hiddenOnTheNode} {...part("redaction")}>
        {(field) => <RedactionFields {...field} />}
      </PartForm>
      <PartForm title={t.captureRules} about={t.howMuchOfWhich} saved={rules.data} save={setCaptureRules}>
        {(field) => <CaptureFields {...field} />}
      </PartForm>
    </Stack>
  );
}
