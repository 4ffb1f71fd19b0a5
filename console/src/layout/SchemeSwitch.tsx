import { ActionIcon, useComputedColorScheme, useMantineColorScheme } from "@mantine/core";
import { Moon, Sun } from "lucide-react";
import { layout as t } from "../texts/layout";

export function SchemeSwitch() {
  // Switching transitions off for a moment would take an inline style sheet.
  const { setColorScheme } = useMantineColorScheme({ keepTransitions: true });
  const other = useComputedColorScheme("light") === "dark" ? "light" : "dark";
  const Icon = other === "dark" ? Moon : Sun;
  return (
    <ActionIcon variant="default" aria-label={t.switchToMode(other)} onClick={() => setColorScheme(other)}>
      <Icon size={16} />
    </ActionIcon>
  );
}
