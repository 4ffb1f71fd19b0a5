import { Select, type SelectProps } from "@mantine/core";
import { shared as t } from "../texts/shared";
import { span } from "./format";

const FOR_EVER = t.forEver;

interface TtlSelectProps extends Pick<SelectProps, "comboboxProps" | "description"> {
  label?: string;
  /** Seconds that are offered, the shortest first. */
  choices: readonly number[];
  /** What no end is called. */
  without: string;
  /** `null` is no end. */
  value: number | null;
  onChange: (seconds: number | null) => void;
}

/** For how long something holds. */
export function TtlSelect({ choices, without, value, onChange, ...props }: TtlSelectProps) {
  return (
    <Select
      label={t.forHowLong}
      {...props}
      allowDeselect={false}
      data={[
        ...choices.map((seconds) => ({ value: String(seconds), label: span(seconds) })),
        { value: FOR_EVER, label: without },
      ]}
      value={value === null ? FOR_EVER : String(value)}
      onChange={(choice) => choice && onChange(choice === FOR_EVER ? null : Number(choice))}
    />
  );
}
