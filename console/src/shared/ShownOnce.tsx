import { Alert, Code, Stack } from "@mantine/core";
import { KeyRound } from "lucide-react";
import { shared as t } from "../texts/shared";
import { CopyButton } from "./CopyButton";

/** A secret that nobody can show again. */
export function ShownOnce({ title, secret }: { title: string; secret: string }) {
  return (
    <Alert role="status" icon={<KeyRound size={18} />} title={title}>
      <Stack gap="xs" align="flex-start">
        {t.itIsShownThis}
        <Code block>{secret}</Code>
        <CopyButton text={() => secret}>{t.copy}</CopyButton>
      </Stack>
    </Alert>
  );
}
