import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { ShieldCheck } from "lucide-react";
import { eventsQuery } from "../../api/queries";
import type { TimeRange } from "../../api/range";
import type { EventFilter } from "../../api/types";
import { DataTable } from "../../shared/DataTable";
import { EmptyState } from "../../shared/EmptyState";
import { activity as t } from "../../texts/activity";
import { columns } from "./columns";

const SHOWN = 8;

interface LatestEventsProps {
  filter: EventFilter;
  range: TimeRange;
  shown?: number;
}

/** The newest events of what the page is narrowed to. */
export function LatestEvents({ filter, range, shown = SHOWN }: LatestEventsProps) {
  const navigate = useNavigate();
  const { data, error } = useQuery(eventsQuery(filter, range, { skip: 0, limit: shown }, -1));
  return (
    <DataTable
      label={t.latestEvents}
      columns={columns}
      rows={data?.maliciousEvents}
      rowId={(event) => event.id}
      error={error}
      empty={
        <EmptyState icon={ShieldCheck} title={t.noAttackSeenIn}>
          {t.chooseALongerTime}
        </EmptyState>
      }
      onOpen={(event) =>
        void navigate({
          to: "/activity/$eventId",
          params: { eventId: event.id },
          search: ({ range, from, to }) => ({ range, from, to }),
        })
      }
    />
  );
}
