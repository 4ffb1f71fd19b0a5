import { Button, Container, Stack } from "@mantine/core";
import { useRouter } from "@tanstack/react-router";
import { ErrorNote } from "../shared/ErrorNote";
import { layout as t } from "../texts/layout";

/** What is left when a page could not be drawn. */
export function Failure({ error }: { error: unknown }) {
  const router = useRouter();
  return (
    <Container size="xs" py={80}>
      <Stack>
        <ErrorNote error={error} title={t.theConsoleCouldNot} />
        <Button variant="default" onClick={() => router.invalidate()}>
          {t.tryAgain}
        </Button>
      </Stack>
    </Container>
  );
}
