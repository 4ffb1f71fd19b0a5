import { Box, Text } from "@mantine/core";
import Markdown, { type Components } from "react-markdown";
import { ExternalLink } from "./ExternalLink";

// Images would load from wherever a policy says, and raw HTML is whatever it wants to be: neither is drawn.
const components: Components = {
  a: ({ href, children }) => <ExternalLink href={href ?? ""}>{children}</ExternalLink>,
  img: ({ alt }) => <>{alt}</>,
  p: ({ children }) => (
    <Text size="sm" mb="xs">
      {children}
    </Text>
  ),
};

/** Markdown of a policy. Policies can be written by people too, so it is drawn as elements and never as HTML. */
export function SafeMarkdown({ children }: { children: string }) {
  return (
    <Box fz="sm">
      <Markdown skipHtml components={components}>
        {children}
      </Markdown>
    </Box>
  );
}
