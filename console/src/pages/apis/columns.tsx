import { createColumnHelper } from "@tanstack/react-table";
import type { ThreatApi } from "../../api/types";
import { count } from "../../shared/format";
import { PageAnchor } from "../../shared/links";
import { Time } from "../../shared/Time";
import { Hostile } from "../../shared/text";

const column = createColumnHelper<ThreatApi>();

export const columns = [
  column.accessor("method", {
    header: "Method",
    meta: { width: 90 },
    cell: ({ getValue }) => <Hostile>{getValue()}</Hostile>,
  }),
  column.accessor("api", {
    header: "Endpoint",
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
    header: "Host",
    meta: { from: "sm", width: "20%" },
    cell: ({ getValue }) => <Hostile truncate>{getValue()}</Hostile>,
  }),
  column.accessor("requestsCount", {
    header: "Attacks",
    enableSorting: true,
    meta: { width: 100, align: "right" },
    cell: ({ getValue }) => count(getValue()),
  }),
  column.accessor("actorsCount", {
    header: "Actors",
    enableSorting: true,
    meta: { from: "xs", width: 100, align: "right" },
    cell: ({ getValue }) => count(getValue()),
  }),
  column.accessor("discoveredAt", {
    header: "First attacked",
    enableSorting: true,
    meta: { from: "sm", width: 140 },
    cell: ({ getValue }) => <Time at={getValue()} />,
  }),
];
