import { NumberInput, type NumberInputProps } from "@mantine/core";
import type { Problems } from "../../../shared/problems";

interface FigureProps extends Pick<NumberInputProps, "placeholder" | "disabled" | "w" | "suffix"> {
  label: string;
  /** As the control plane calls it. */
  field: string;
  /** `null` where nothing stands. */
  value: number | null;
  onChange: (value: number | null) => void;
  problems: Problems;
}

/** A whole number, or nothing. */
export function Figure({ field, value, onChange, problems, ...props }: FigureProps) {
  return (
    <NumberInput
      size="xs"
      allowDecimal={false}
      allowNegative={false}
      hideControls
      {...props}
      value={value ?? ""}
      error={problems.at.get(field)}
      onChange={(value) => onChange(value === "" ? null : Number(value))}
    />
  );
}
