import {
  Anchor,
  type AnchorProps,
  Button,
  type ButtonProps,
  NavLink,
  type NavLinkProps,
} from "@mantine/core";
import { createLink } from "@tanstack/react-router";
import type { ComponentPropsWithRef } from "react";

type Underneath<Props> = Props & Omit<ComponentPropsWithRef<"a">, keyof Props>;

/** A link to a page of the console, with its parameters checked by the router's types. */
export const PageAnchor = createLink((props: Underneath<AnchorProps>) => <Anchor {...props} />);

/** The same, as a button. */
export const PageButton = createLink((props: Underneath<ButtonProps>) => <Button component="a" {...props} />);

/** The same as an entry of the navigation, marked while its page is shown. */
export const PageNavLink = createLink((props: Underneath<NavLinkProps> & { "data-status"?: string }) => (
  <NavLink component="a" active={props["data-status"] === "active"} {...props} />
));
