import { dateTime, plural } from "../shared/format";

export const actor = {
  attemptsOfOverTime: (actor: string, figures: string) => `Attempts of ${actor} over time: ${figures}`,
  attempt: (count: number) => plural(count, "attempt"),
  to: (from: number, to: number) => `${dateTime(from)} to ${dateTime(to)}`,
};
