import { Button, Menu, Text } from "@mantine/core";
import { Download } from "lucide-react";
import { useRef, useState } from "react";
import type { EventFilter } from "../../../api/types";
import { showProblem } from "../../../shared/notices";
import { saveFile } from "../../../shared/save-file";
import { activity as t } from "../../../texts/activity";
import { exportEvents, type Format } from "./export";

interface ExportMenuProps {
  /** Asked for when the export begins. */
  selector: () => EventFilter;
  what: string;
  disabled?: boolean;
}

const TYPES: Record<Format, string> = { csv: "text/csv", json: "application/json" };

/** Saves events as a file; while that takes, the button tells how far it is and stops it. */
export function ExportMenu({ selector, what, disabled = false }: ExportMenuProps) {
  const [progress, setProgress] = useState<string>();
  const stop = useRef<AbortController>(null);

  async function save(format: Format) {
    stop.current = new AbortController();
    const { signal } = stop.current;
    setProgress("0");
    try {
      const onProgress = (done: number, total: number) => setProgress(t.progressOf(done, total));
      const parts = await exportEvents(selector(), format, onProgress, signal);
      saveFile(`events.${format}`, TYPES[format], parts);
    } catch (error) {
      if (!signal.aborted) showProblem(t.theEventsCouldNot, error);
    } finally {
      setProgress(undefined);
    }
  }

  if (progress !== undefined) {
    return (
      <Button size="xs" variant="default" onClick={() => stop.current?.abort()}>
        {t.stop(progress)}
      </Button>
    );
  }
  return (
    <Menu position="bottom-end" withArrow>
      <Menu.Target>
        <Button
          size="xs"
          variant="default"
          disabled={disabled}
          leftSection={<Download size={14} aria-hidden />}
        >
          {t.exportEvents}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          <Text size="xs">{what}</Text>
        </Menu.Label>
        <Menu.Item onClick={() => void save("csv")}>{t.csvForASpreadsheet}</Menu.Item>
        <Menu.Item onClick={() => void save("json")}>{t.jsonWithRequestAnd}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
