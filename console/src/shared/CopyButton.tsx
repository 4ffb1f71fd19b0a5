import { Button } from "@mantine/core";
import { Check, Copy } from "lucide-react";
import { useState } from "react";
import { shared as t } from "../texts/shared";
import { showProblem } from "./notices";

const SHOWN_MS = 1_500;

export function CopyButton({ text, children }: { text: () => string; children: string }) {
  const [copied, setCopied] = useState(false);

  async function copy() {
    try {
      // Absent where the console is reached by plain http from another machine.
      if (!navigator.clipboard) throw new Error(t.theBrowserLetsA);
      await navigator.clipboard.writeText(text());
    } catch (error) {
      showProblem(t.notCopied, error);
      return;
    }
    setCopied(true);
    setTimeout(() => setCopied(false), SHOWN_MS);
  }

  return (
    <Button
      size="compact-xs"
      variant="default"
      leftSection={copied ? <Check size={13} aria-hidden /> : <Copy size={13} aria-hidden />}
      onClick={copy}
    >
      {copied ? t.copied : children}
    </Button>
  );
}
