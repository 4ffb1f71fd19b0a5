import { Anchor } from "@mantine/core";
import type { ReactNode } from "react";

/** A link out of the console, only where the address is http or https; else the text alone. */
export function ExternalLink({ href, children }: { href: string; children: ReactNode }) {
  const protocol = URL.canParse(href) ? new URL(href).protocol : "";
  if (protocol !== "http:" && protocol !== "https:") return <>{children}</>;
  return (
    <Anchor
      href={href}
      target="_blank"
      rel="noopener noreferrer"
      fz="inherit"
      style={{ overflowWrap: "anywhere" }}
    >
      {children}
    </Anchor>
  );
}
