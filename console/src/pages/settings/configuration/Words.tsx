import { TagsInput, type TagsInputProps } from "@mantine/core";
import { type Problems, within } from "../../../shared/problems";

interface WordsProps extends Pick<TagsInputProps, "placeholder" | "description" | "disabled"> {
  label: string;
  /** As the control plane calls it. */
  field: string;
  value: string[];
  onChange: (value: string[]) => void;
  problems: Problems;
}

/** A list of words; Enter after each. */
export function Words({ field, problems, ...props }: WordsProps) {
  const wrong = within(problems, field);
  return (
    <TagsInput
      size="xs"
      splitChars={[]}
      acceptValueOnBlur
      {...props}
      error={wrong.length > 0 ? wrong.join("; ") : undefined}
    />
  );
}
