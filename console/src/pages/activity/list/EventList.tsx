import { Badge, Button, Paper } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { ArrowUp } from "lucide-react";
import { type ReactNode, useCallback, useState } from "react";
import { type Direction, eventsQuery, REFRESH_MS } from "../../../api/queries";
import { timestampsOf } from "../../../api/range";
import type { Answer, ThreatEvent } from "../../../api/types";
import { ErrorNote } from "../../../shared/ErrorNote";
import { useMayAct } from "../../../shared/rights";
import { useChosen } from "../../../shared/rows/useChosen";
import { type Rows, useRows } from "../../../shared/rows/useRows";
import { rangeOf } from "../../../shared/search";
import { Loading } from "../../../shared/table/Loading";
import { MOST_ROWS, VirtualTable } from "../../../shared/VirtualTable";
import { activity as t } from "../../../texts/activity";
import { BulkBar } from "../bulk/BulkBar";
import { columns } from "../columns";
import { type ActivitySearch, filterOf, type Tab } from "../search";
import classes from "./EventList.module.css";

const REFRESH_BELOW_MS = 20_000;

interface EventListProps {
  search: ActivitySearch;
  tab: Tab;
  empty: ReactNode;
  onSort: (direction: Direction) => void;
  onOpen: (event: ThreatEvent) => void;
  openId: string | undefined;
}

/** The events of one tab. While it is read further down, what comes new waits above. */
export function EventList({ search, tab, empty, onSort, onOpen, openId }: EventListProps) {
  const range = rangeOf(search);
  const filter = filterOf(search, tab);
  const direction = search.sort === "oldest" ? 1 : -1;
  const [until, setUntil] = useState<number>();
  const [top, setTop] = useState(0);
  const refetchInterval = until === undefined ? REFRESH_MS : REFRESH_BELOW_MS;
  const events = useRows(
    JSON.stringify([filter, range, direction]),
    (page) => ({ ...eventsQuery(filter, range, page, direction, until), refetchInterval }),
    pieceOf,
  );
  const chosen = useChosen(JSON.stringify([filter, range]), events, idOf, () => ({
    ...filter,
    ...timestampsOf(range, latest(events)),
  }));
  const mayAct = useMayAct();

  const newest = direction === -1 ? events.rowAt(0)?.timestamp : undefined;
  const follow = useCallback((atTop: boolean) => setUntil(atTop ? undefined : newest), [newest]);
  const live = useQuery(eventsQuery(filter, range, { skip: 0, limit: 1 }, -1));
  const waiting = until === undefined ? 0 : (live.data?.total ?? 0) - (events.total ?? 0);

  const problem = events.error ? <ErrorNote error={events.error} title={t.threatActivityCouldNot} /> : null;
  if (events.total === undefined) return problem ?? <Loading />;
  if (events.total === 0) return problem ?? <Paper withBorder>{empty}</Paper>;
  return (
    <>
      {problem}
      <VirtualTable
        label={t.threatActivity}
        columns={columns}
        total={events.total}
        rowAt={events.rowAt}
        rowId={idOf}
        rowName={(event) => t.rowName(event.filterId, event.actor)}
        onWindow={events.want}
        onAtTop={follow}
        topKey={`${JSON.stringify([filter, range, direction])} ${top}`}
        sorting={{ column: "detected", direction, onSort: (_, direction) => onSort(direction) }}
        selection={mayAct ? chosen.rows : undefined}
        onOpen={onOpen}
        openId={openId}
        floating={
          <>
            {waiting > 0 && (
              <Button
                className={classes.waiting}
                size="compact-sm"
                leftSection={<ArrowUp size={14} aria-hidden />}
                onClick={() => setTop(top + 1)}
              >
                {t.newEvent(waiting)}
              </Button>
            )}
            {!chosen.rows.isEmpty && <BulkBar chosen={chosen} tab={tab} total={events.total} />}
          </>
        }
      />
      {events.total > MOST_ROWS && (
        <Badge color="yellow" className={classes.more}>
          {t.theListEndsAfter(MOST_ROWS, events.total)}
        </Badge>
      )}
    </>
  );
}

const idOf = ({ id }: ThreatEvent) => id;
const pieceOf = ({ maliciousEvents, total }: Answer<"fetchSuspectSampleData">) => ({
  rows: maliciousEvents,
  total,
});

/** Now, or the newest event that is shown, where its sensor's clock runs ahead. */
const latest = (events: Rows<ThreatEvent>) =>
  Math.max(Math.floor(Date.now() / 1_000), events.rowAt(0)?.timestamp ?? 0);
