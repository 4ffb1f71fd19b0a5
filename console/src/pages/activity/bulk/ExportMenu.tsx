import { Button, Menu, Text } from "@mantine/core";
import { Download } from "lucide-react";
import { useRef, useState } from "react";
import type { EventFilter } from "../../../api/types";
import { count } from "../../../shared/format";
import { showProblem } from "../../../shared/notices";
import { saveFile } from "../../../shared/save-file";
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
      const onProgress = (done: number, total: number) => setProgress(`${count(done)} of ${count(total)}`);
      const parts = await exportEvents(selector(), format, onProgress, signal);
      saveFile(`events.${format}`, TYPES[format], parts);
    } catch (error) {
      if (!signal.aborted) showProblem("The events could not be exported", error);
    } finally {
      setProgress(undefined);
    }
  }

  if (progress !== undefined) {
    return (
      <Button size="xs" variant="default" onClick={() => stop.current?.abort()}>
        {progress} · Stop
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
          Export
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          <Text size="xs">{what}</Text>
        </Menu.Label>
        <Menu.Item onClick={() => void save("csv")}>CSV, for a spreadsheet</Menu.Item>
        <Menu.Item onClick={() => void save("json")}>JSON, with request and response</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
