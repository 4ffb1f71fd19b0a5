import { Box, Text, Title } from "@mantine/core";
import Markdown, { type Components } from "react-markdown";
import { ExternalLink } from "./ExternalLink";

// Whatever the policy says, the page it stands in has its own order of headings.
const heading: Components["h1"] = ({ children }) => (
  <Title order={4} size="sm" mt="sm" mb={6}>
    {children}
  </Title>
);

// Images would load from wherever a policy says, and raw HTML is whatever it wants to be: neither is drawn.
const components: Components = {
  h1: heading,
  h2: heading,
  h3: heading,
  h4: heading,
  h5: heading,
  h6: heading,
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
