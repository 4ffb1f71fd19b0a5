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
  if (error && !known.data) return <ErrorNote error={error} title="The configuration could not be loaded" />;
  if (!known.data || !rules.data) return <Skeleton height={420} />;
  const { configuration, author, updatedAt } = known.data;
  const part = <Part extends keyof Configuration>(name: Part) => ({
    saved: configuration[name],
    save: (value: Configuration[Part]) => setPart(name, value),
  });
  return (
    <Stack>
      <Alert role="note" icon={<Info size={18} />} py="xs">
        It goes to every sensor at once. What is empty leaves a sensor as it was started.
        {updatedAt !== null && (
          <Text span size="sm" c="dimmed">
            {" "}
            Last changed by {author}, <DateTime at={updatedAt} />.
          </Text>
        )}
      </Alert>
      <PartForm
        title="Trusted proxies"
        about="Behind these the actor is who their header says. They themselves are never blocked."
        {...part("trustedProxies")}
      >
        {(field) => <ProxyFields {...field} />}
      </PartForm>
      <PartForm
        title="Actor identity"
        about="In order: the first that a request has says who the actor is, kept as a keyed hash. Blocks go on naming the address."
        {...part("actorIdentity")}
      >
        {(field) => <IdentityFields {...field} />}
      </PartForm>
      <PartForm
        title="Rate limits"
        about="More requests of one actor than this are an event of the policy RateLimit- and the name."
        {...part("rateLimits")}
      >
        {(field) => <RateLimitFields {...field} />}
      </PartForm>
      <PartForm
        title="Enumeration"
        about="So many different objects of one endpoint, which the actor may not have or which are not there, are an event of IdentifierEnumeration."
        {...part("enumeration")}
      >
        {(field) => <EnumerationFields {...field} />}
      </PartForm>
      <PartForm
        title="Retention"
        about="How long events are kept, with their requests and responses."
        {...part("retentionDays")}
      >
        {(field) => <RetentionFields {...field} />}
      </PartForm>
      <PartForm
        title="Redaction"
        about="Hidden on the node, before anything leaves it, besides what is hidden anyway."
        {...part("redaction")}
      >
        {(field) => <RedactionFields {...field} />}
      </PartForm>
      <PartForm
        title="Capture rules"
        about="How much of which traffic the sensors look at. What none is for is looked at in full."
        saved={rules.data}
        save={setCaptureRules}
      >
        {(field) => <CaptureFields {...field} />}
      </PartForm>
    </Stack>
  );
}
