import { ActionIcon, Button, Group, Stack } from "@mantine/core";
import { Plus, Trash2 } from "lucide-react";
import type { ReactNode } from "react";
import { settings as t } from "../../../texts/settings";

interface RowsProps<Row> {
  rows: Row[];
  onChange: (rows: Row[]) => void;
  /** What one is called: «rule». */
  name: string;
  make: () => Row;
  disabled: boolean;
  /** The fields have their names above them. */
  isLabelled?: boolean;
  children: (row: Row, set: (change: Partial<Row>) => void, index: number) => ReactNode;
}

/** A list whose rows are changed, added and removed. */
export function Rows<Row>({ rows, onChange, name, make, disabled, isLabelled, children }: RowsProps<Row>) {
  return (
    <Stack gap="xs">
      {rows.map((row, index) => (
        <Group
          // Rows have no identity of their own but their place.
          key={index}
          gap="xs"
          align="flex-start"
          role="group"
          aria-label={`${name} ${index + 1}`}
        >
          {children(
            row,
            (change) => onChange(rows.map((other, at) => (at === index ? { ...other, ...change } : other))),
            index,
          )}
          <ActionIcon
            variant="default"
            size="input-xs"
            mt={isLabelled ? 24 : 0}
            disabled={disabled}
            aria-label={t.removeRow(name, index + 1)}
            onClick={() => onChange(rows.filter((_, at) => at !== index))}
          >
            <Trash2 size={14} aria-hidden />
          </ActionIcon>
        </Group>
      ))}
      {!disabled && (
        <div>
          <Button
            size="compact-xs"
            variant="default"
            leftSection={<Plus size={13} aria-hidden />}
            onClick={() => onChange([...rows, make()])}
          >
            {t.addA(name)}
          </Button>
        </div>
      )}
    </Stack>
  );
}
