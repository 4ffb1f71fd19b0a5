import { Button, Code, Container, Group, Paper, PasswordInput, Stack, Text, Title } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, useRouter } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { isLoggedOut } from "../../api/client";
import { logIn } from "../../api/commands";
import { Mark } from "../../layout/Mark";
import { ErrorNote } from "../../shared/ErrorNote";

const route = getRouteApi("/login");

export function LoginPage() {
  const { next } = route.useSearch();
  const router = useRouter();
  const queries = useQueryClient();
  const [key, setKey] = useState("");

  useEffect(() => {
    document.title = "Log in · Portcullis";
  }, []);

  const entry = useMutation({
    mutationFn: () => logIn(key.trim()),
    onSuccess: () => {
      queries.clear();
      router.history.push(next ?? "/activity");
    },
  });

  return (
    <Container size={420} pt={{ base: 40, sm: 120 }}>
      <Group gap="sm" mb="lg" justify="center">
        <Mark size={34} />
        <Title order={1}>Portcullis</Title>
      </Group>
      <Paper withBorder p="lg" component="main">
        <Stack
          component="form"
          onSubmit={(event) => {
            event.preventDefault();
            entry.mutate();
          }}
        >
          <PasswordInput
            label="API key"
            description="Shown once when the control plane first started."
            autoComplete="current-password"
            data-autofocus
            autoFocus
            required
            value={key}
            onChange={(event) => setKey(event.currentTarget.value)}
          />
          {entry.isError && (
            <ErrorNote
              title="Not logged in"
              error={
                isLoggedOut(entry.error)
                  ? new Error("The control plane does not know this API key.")
                  : entry.error
              }
            />
          )}
          <Button type="submit" loading={entry.isPending} disabled={key.trim() === ""}>
            Log in
          </Button>
          <Text size="xs" c="dimmed" component="div">
            No key at hand? On the control plane's machine:
            <Code block mt={4} fz={11} style={{ whiteSpace: "pre-wrap" }}>
              control-plane keys create --data-dir DIR --role admin
            </Code>
          </Text>
        </Stack>
      </Paper>
    </Container>
  );
}
