import type { Issue } from "../../api/types";

type Place = Pick<Issue, "method" | "host" | "endpoint" | "detail">;

/** Where it is, in one line; what part of it is in brackets. */
export const placeOf = ({ method, host, endpoint, detail }: Place): string =>
  `${method} ${host}${endpoint}`.trim() + (detail === "" ? "" : ` (${detail})`);
