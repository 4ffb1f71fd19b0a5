import { createColumnHelper } from "@tanstack/react-table";
import type { ThreatApi } from "../../api/types";
import { count } from "../../shared/format";
import { PageAnchor } from "../../shared/links";
import { Time } from "../../shared/Time";
import { Hostile } from "../../shared/text";
import { apis as t } from "../../texts/apis";

const column = createColumnHelper<ThreatApi>();

export const columns = [
  column.accessor("method", {
    header: t.method,
    meta: { width: 90 },
    cell: ({ getValue }) => <Hostile>{getValue()}</Hostile>,
  }),
  column.accessor("api", {
    header: t.endpoint,
    cell: ({ row: { original: endpoint } }) => (
      <PageAnchor
        to="/activity"
        search={({ range, from, to }) => ({ range, from, to, url: [endpoint.api], host: [endpoint.host] })}
        fz="inherit"
      >
        <Hostile truncate>{endpoint.api}</Hostile>
      </PageAnchor>
    ),
  }),
  column.accessor("host", {
    header: t.host,
    meta: { from: "sm", width: "20%" },
    cell: ({ getValue }) => <Hostile truncate>{getValue()}</Hostile>,
  }),
  column.accessor("requestsCount", {
    header: t.attacks,
    enableSorting: true,
    meta: { width: 100, align: "right" },
    cell: ({ getValue }) => count(getValue()),
  }),
  column.accessor("actorsCount", {
    header: t.actors,
    enableSorting: true,
    meta: { from: "xs", width: 100, align: "right" },
    cell: ({ getValue }) => count(getValue()),
  }),
  column.accessor("discoveredAt", {
    header: t.firstAttacked,
    enableSorting: true,
    meta: { from: "sm", width: 140 },
    cell: ({ getValue }) => <Time at={getValue()} />,
  }),
];
