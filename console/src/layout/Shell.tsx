import { Burger, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { Link, Outlet, useRouter } from "@tanstack/react-router";
import { useEffect } from "react";
import { isLoggedOut } from "../api/client";
import { sessionQuery } from "../api/queries";
import { layout as t } from "../texts/layout";
import { Account } from "./Account";
import { Mark } from "./Mark";
import { Navigation } from "./Navigation";
import { SchemeSwitch } from "./SchemeSwitch";
import classes from "./Shell.module.css";

const LOG_IN = "/login";

/** The frame around every page of somebody who is logged in. */
export function Shell() {
  const [open, { toggle, close }] = useDisclosure();
  useLogInAgain();
  return (
    <div className={classes.shell}>
      <a href="#main" className={classes.skip}>
        {t.skipToThePage}
      </a>
      <header className={classes.header}>
        <div className={classes.group}>
          <Burger opened={open} onClick={toggle} hiddenFrom="sm" size="sm" aria-label={t.navigation} />
          <Link to="/" className={classes.brand}>
            <Mark />
            <Text fw={650}>{t.portcullis}</Text>
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
  const router = useRouter();
  const loggedOut = isLoggedOut(error);
  useEffect(() => {
    // Asked once and not followed: this frame stays until the log-in page is loaded, and must not lead there again.
    const { pathname, href } = router.latestLocation;
    if (loggedOut && pathname !== LOG_IN)
      void router.navigate({ to: LOG_IN, search: { next: href }, replace: true });
  }, [loggedOut, router]);
}
