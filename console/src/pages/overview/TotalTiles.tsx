import { useQuery } from "@tanstack/react-query";
import { blockCountQuery } from "../../api/queries";
import type { ActorTotals } from "../../api/types";
import { count } from "../../shared/format";
import { overview as t } from "../../texts/overview";
import type { ActivitySearch } from "../activity/search";
import { Tile } from "./Tile";

export function TotalTiles({ totals, search }: { totals: ActorTotals | undefined; search: ActivitySearch }) {
  const { data: blocks } = useQuery(blockCountQuery);
  return (
    <>
      <Tile
        to="/activity"
        search={search}
        name={t.activeEvents}
        figure={totals && count(totals.totalActiveStatus)}
      />
      <Tile
        to="/activity"
        search={{ ...search, tab: "review" }}
        name={t.underReview}
        figure={totals && count(totals.totalUnderReviewStatus)}
      />
      <Tile
        to="/actors"
        search={{ range: search.range, from: search.from, to: search.to }}
        name={t.severeActors}
        figure={totals && count(totals.totalCriticalActors)}
      />
      <Tile
        to="/blocklist"
        name={t.blocksInForce}
        figure={blocks === undefined ? undefined : count(blocks)}
      />
    </>
  );
}
