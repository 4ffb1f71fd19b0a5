import { Text } from "@mantine/core";
import { createColumnHelper } from "@tanstack/react-table";
import type { Block } from "../../api/types";
import { coverageOf } from "../../block/coverage";
import { Unblock } from "../../block/Unblock";
import { bytes, count } from "../../shared/format";
import { Remaining } from "../../shared/Remaining";
import { Time } from "../../shared/Time";
import { Hostile } from "../../shared/text";
import { blocklist as t } from "../../texts/blocklist";

const column = createColumnHelper<Block>();

export const columns = [
  column.accessor("cidr", {
    header: t.address,
    cell: ({ getValue }) => <Hostile truncate>{getValue()}</Hostile>,
  }),
  column.accessor("sensors", {
    header: t.applied,
    meta: { from: "sm", width: 130 },
    cell: ({ row: { original: block } }) => {
      const { enforcing, total, refusals } = coverageOf(block);
      return (
        <Text fz="inherit" c={enforcing < total ? "orange" : undefined} title={refusals.join("\n")}>
          {enforcing} {t.ofSensors} {total}
          {refusals.length > 0 && t.refused}
        </Text>
      );
    },
  }),
  column.accessor("hits.packets", {
    header: t.packetsDropped,
    meta: { from: "xs", width: 130, align: "right" },
    cell: ({ row: { original: block } }) => (
      <span title={bytes(block.hits.bytes)}>{count(block.hits.packets)}</span>
    ),
  }),
  column.accessor("expiresAt", {
    header: t.ends,
    meta: { width: 105 },
    cell: ({ row: { original: block } }) => <Remaining until={block.expiresAt} />,
  }),
  column.accessor("reason", {
    header: t.reason,
    meta: { from: "md" },
    cell: ({ getValue }) => <Hostile truncate>{getValue()}</Hostile>,
  }),
  column.accessor("author", {
    header: t.by,
    meta: { from: "md", width: 120 },
    cell: ({ row: { original: block } }) => (
      <Text size="xs" c="dimmed" truncate>
        {block.author}, <Time at={block.createdAt} />
      </Text>
    ),
  }),
  column.display({
    id: "unblock",
    header: "",
    meta: { width: 120, align: "right", label: t.unblock },
    cell: ({ row: { original: block } }) => <Unblock cidr={block.cidr} size="compact-xs" />,
  }),
];
