import type { IssueDetail } from "../../../api/types";
import { issues as t } from "../../../texts/issues";

export interface Moment {
  at: number;
  what: string;
  note?: string;
}

/** What is known of its life, the latest first. */
export function historyOf(issue: IssueDetail): Moment[] {
  const { firstSeen, lastSeen, lastCleanAt, reopened, ignored } = issue;
  const moments: Moment[] = [{ at: firstSeen, what: t.events.found }];
  if (lastSeen > firstSeen)
    moments.push({ at: lastSeen, what: reopened ? t.events.reopened : t.events.foundLast });
  if (lastCleanAt !== null) moments.push({ at: lastCleanAt, what: t.events.clean });
  if (ignored)
    moments.push({
      at: ignored.at,
      what: t.events.ignored(ignored.by, t.reasons[ignored.reason]),
      note: ignored.note,
    });
  return moments.sort((a, b) => b.at - a.at);
}
