import { Text } from "@mantine/core";
import { countryName } from "./format";

export function Country({ code }: { code: string | null }) {
  if (!code || !/^[A-Za-z]{2}$/.test(code)) return null;
  return (
    <Text span size="xs" c="dimmed" title={countryName(code.toUpperCase())}>
      {code.toUpperCase()}
    </Text>
  );
}
