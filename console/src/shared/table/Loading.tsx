import { Box, Skeleton } from "@mantine/core";
import { shared as t } from "../../texts/shared";

/** In place of a table until its first answer. */
export function Loading() {
  return (
    <Box aria-busy="true" aria-label={t.loading} role="status">
      {Array.from({ length: 8 }, (_, row) => (
        <Skeleton key={row} height={30} mb={6} />
      ))}
    </Box>
  );
}
