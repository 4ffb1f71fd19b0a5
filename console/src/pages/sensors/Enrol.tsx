import { Code, Group, List, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { sessionQuery } from "../../api/queries";
import { CopyButton } from "../../shared/CopyButton";
import { useIsOperator } from "../../shared/rights";
import { sensors as t } from "../../texts/sensors";

/** How a node gets a sensor, step by step, with the commands to copy. */
export function Enrol() {
  const { data: session } = useQuery(sessionQuery);
  const isOperator = useIsOperator();
  const { hostname } = window.location;
  const isLocal = hostname === "localhost" || hostname.startsWith("127.");
  const account = isOperator === false && session ? ` --account ${session.account}` : "";
  const address = isLocal ? "http://127.0.0.1:9090" : `https://${hostname}:9090`;
  const steps = [
    {
      what: t.onTheControlPlanes,
      command: `control-plane join-token create --data-dir DIR${account} > join-token`,
    },
    {
      what: isLocal ? t.onTheSameMachine : t.bringTheFileTo,
      command: `sensor run --control-plane ${address} --join-token join-token --interface ${isLocal ? "lo" : "eth0"}`,
    },
    {
      what: t.whereItDoesNot,
      command: "sudo portctl doctor",
    },
  ];
  return (
    <Stack gap="xs" ta="left">
      <List type="ordered" spacing="sm" size="sm">
        {steps.map(({ what, command }) => (
          <List.Item key={command} styles={{ itemWrapper: { width: "100%" }, itemLabel: { width: "100%" } }}>
            {what}
            <Code block mt={6} style={{ whiteSpace: "pre-wrap" }}>
              {command}
            </Code>
            <Group justify="flex-end" mt={4}>
              <CopyButton text={() => command}>{t.copy}</CopyButton>
            </Group>
          </List.Item>
        ))}
      </List>
      <Text size="xs" c="dimmed">
        {t.theSensorDialsThe}
      </Text>
    </Stack>
  );
}
