import {
  Anchor,
  Button,
  Code,
  Container,
  Group,
  Paper,
  PasswordInput,
  SegmentedControl,
  Stack,
  Text,
  TextInput,
  Title,
} from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, useRouter } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { isLoggedOut } from "../../api/client";
import { type Credentials, logIn } from "../../api/commands";
import { logInWaysQuery } from "../../api/queries";
import { Mark } from "../../layout/Mark";
import { ErrorNote } from "../../shared/ErrorNote";
import { login as t } from "../../texts/login";
import classes from "./LoginPage.module.css";

const route = getRouteApi("/login");

const WAYS = [
  { value: "password", label: t.withAPassword },
  { value: "key", label: t.withAnApiKey },
];

const UNKNOWN = {
  password: t.theNameOrThe,
  key: t.theControlPlaneDoes,
};

const MAKE = {
  password: "control-plane users create --data-dir DIR --name NAME --role admin",
  key: "control-plane keys create --data-dir DIR --role admin",
};

export function LoginPage() {
  const { next } = route.useSearch();
  const router = useRouter();
  const queries = useQueryClient();
  const [chosen, setWay] = useState<"password" | "key">("password");
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [account, setAccount] = useState<string>();
  const [key, setKey] = useState("");
  const { data: ways } = useQuery(logInWaysQuery);
  const takesPasswords = ways?.password !== false;
  const way = takesPasswords ? chosen : "key";

  useEffect(() => {
    document.title = t.logInPortcullis;
  }, []);

  const entry = useMutation({
    mutationFn: (credentials: Credentials) => logIn(credentials),
    onSuccess: () => {
      queries.clear();
      router.history.push(next ?? "/activity");
    },
    onError: () => setPassword(""),
  });

  const credentials: Credentials =
    way === "password"
      ? { name: name.trim(), password, ...(account?.trim() ? { account: account.trim() } : {}) }
      : { apiKey: key.trim() };
  const isComplete = Object.values(credentials).every((value) => value !== "");

  return (
    <Container size={420} className={classes.page}>
      <Group gap="sm" mb="lg" justify="center">
        <Mark size={34} />
        <Title order={1}>{t.portcullis}</Title>
      </Group>
      <Paper withBorder p="lg" component="main">
        <Stack
          component="form"
          onSubmit={(event) => {
            event.preventDefault();
            entry.mutate(credentials);
          }}
        >
          {takesPasswords && (
            <SegmentedControl
              aria-label={t.logInWith}
              data={WAYS}
              value={way}
              onChange={(value) => {
                setWay(value === "key" ? "key" : "password");
                entry.reset();
              }}
            />
          )}
          {way === "password" ? (
            <>
              <TextInput
                label={t.name}
                autoComplete="username"
                autoFocus
                required
                value={name}
                onChange={(event) => setName(event.currentTarget.value)}
              />
              <PasswordInput
                label={t.password}
                autoComplete="current-password"
                required
                value={password}
                onChange={(event) => setPassword(event.currentTarget.value)}
              />
              {account === undefined ? (
                <Anchor component="button" type="button" size="xs" ta="left" onClick={() => setAccount("")}>
                  {t.anotherAccountThanThe}
                </Anchor>
              ) : (
                <TextInput
                  label={t.account}
                  placeholder={t.acme}
                  autoComplete="organization"
                  maxLength={32}
                  value={account}
                  onChange={(event) => setAccount(event.currentTarget.value)}
                />
              )}
            </>
          ) : (
            <PasswordInput
              label={t.apiKey}
              description={t.shownOnceWhenThe}
              autoComplete="off"
              autoFocus
              required
              value={key}
              onChange={(event) => setKey(event.currentTarget.value)}
            />
          )}
          {entry.isError && (
            <ErrorNote
              title={t.notLoggedIn}
              error={isLoggedOut(entry.error) ? new Error(UNKNOWN[way]) : entry.error}
            />
          )}
          <Button type="submit" loading={entry.isPending} disabled={!isComplete}>
            {t.logIn}
          </Button>
          {ways?.oidc && (
            <Button component="a" href={ways.oidc.path} variant="default">
              {t.signInWith(ways.oidc.name)}
            </Button>
          )}
          <Text size="xs" c="dimmed" component="div">
            {way === "password" ? t.nobodyMayLogIn : t.noKeyAtHand} {t.onTheControlPlanes}
            <Code block mt={4} fz={11} style={{ whiteSpace: "pre-wrap" }}>
              {MAKE[way]}
            </Code>
          </Text>
        </Stack>
      </Paper>
    </Container>
  );
}
