import { useQuery } from "@tanstack/react-query";
import { blockCountQuery } from "../../api/queries";
import type { ActorTotals } from "../../api/types";
import { count } from "../../shared/format";
import type { ActivitySearch } from "../activity/search";
import { Tile } from "./Tile";

export function TotalTiles({ totals, search }: { totals: ActorTotals | undefined; search: ActivitySearch }) {
  const { data: blocks } = useQuery(blockCountQuery);
  return (
    <>
      <Tile
        to="/activity"
        search={search}
        name="Active events"
        figure={totals && count(totals.totalActiveStatus)}
      />
      <Tile
        to="/activity"
        search={{ ...search, tab: "review" }}
        name="Under review"
        figure={totals && count(totals.totalUnderReviewStatus)}
      />
      <Tile
        to="/actors"
        search={{ range: search.range, from: search.from, to: search.to }}
        name="Severe actors"
        figure={totals && count(totals.totalCriticalActors)}
      />
      <Tile
        to="/blocklist"
        name="Blocks in force"
        figure={blocks === undefined ? undefined : count(blocks)}
      />
    </>
  );
}
