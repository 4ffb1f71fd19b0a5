import { AppShell, Burger, Group, ScrollArea, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { Link, Outlet, useLocation, useNavigate } from "@tanstack/react-router";
import { useEffect } from "react";
import { isLoggedOut } from "../api/client";
import { sessionQuery } from "../api/queries";
import { Account } from "./Account";
import { Mark } from "./Mark";
import { Navigation } from "./Navigation";
import { SchemeSwitch } from "./SchemeSwitch";
import classes from "./Shell.module.css";

/** The frame around every page of somebody who is logged in. */
export function Shell() {
  const [open, { toggle, close }] = useDisclosure();
  useLogInAgain();
  return (
    <AppShell
      header={{ height: 48 }}
      navbar={{ width: 188, breakpoint: "sm", collapsed: { mobile: !open } }}
      padding="md"
    >
      <a href="#main" className={classes.skip}>
        Skip to the page
      </a>
      <AppShell.Header>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group gap="xs" wrap="nowrap">
            <Burger opened={open} onClick={toggle} hiddenFrom="sm" size="sm" aria-label="Navigation" />
            <Link to="/" className={classes.brand}>
              <Mark />
              <Text fw={650}>Portcullis</Text>
            </Link>
          </Group>
          <Group gap="xs" wrap="nowrap">
            <SchemeSwitch />
            <Account />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs">
        <ScrollArea type="auto">
          <Navigation onGo={close} />
        </ScrollArea>
      </AppShell.Navbar>
      <AppShell.Main id="main" tabIndex={-1}>
        <Outlet />
      </AppShell.Main>
    </AppShell>
  );
}

/** A session can end while its pages are open. */
function useLogInAgain() {
  const { error } = useQuery(sessionQuery);
  const navigate = useNavigate();
  const { href } = useLocation();
  const loggedOut = isLoggedOut(error);
  useEffect(() => {
    if (loggedOut) void navigate({ to: "/login", search: { next: href }, replace: true });
  }, [loggedOut, href, navigate]);
}
