import type { CategoryCount } from "../../api/types";
import { count } from "../../shared/format";
import { SEVERITIES, severityColor } from "../../shared/Severity";
import type { RangeSearch } from "../../shared/search";
import { Tile } from "./Tile";

/** Events by severity. The reply leaves out what has none, and names the severity `subCategory`. */
export function SeverityTiles({
  counts,
  search,
}: {
  counts: CategoryCount[] | undefined;
  search: RangeSearch;
}) {
  return SEVERITIES.map((severity) => (
    <Tile
      key={severity}
      to="/activity"
      search={{ ...search, severity: [severity] }}
      name={severity}
      color={severityColor(severity)}
      figure={counts && count(counts.find(({ subCategory }) => subCategory === severity)?.count ?? 0)}
    />
  ));
}
