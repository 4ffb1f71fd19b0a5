import { Burger, Text } from "@mantine/core";
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
    <div className={classes.shell}>
      <a href="#main" className={classes.skip}>
        Skip to the page
      </a>
      <header className={classes.header}>
        <div className={classes.group}>
          <Burger opened={open} onClick={toggle} hiddenFrom="sm" size="sm" aria-label="Navigation" />
          <Link to="/" className={classes.brand}>
            <Mark />
            <Text fw={650}>Portcullis</Text>
          </Link>
        </div>
        <div className={classes.group}>
          <SchemeSwitch />
          <Account />
        </div>
      </header>
      <div className={classes.navigation} data-open={open || undefined}>
        <Navigation onGo={close} />
      </div>
      <main id="main" tabIndex={-1} className={classes.main}>
        <Outlet />
      </main>
    </div>
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
