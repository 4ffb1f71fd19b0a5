import { count } from "../shared/format";

export const shared = {
  close: "Close",
  loading: "Loading",
  chosen: (size: number) => `${count(size)} chosen`,
  oneByOneAtMost: (most: number) => `One by one at most ${count(most)}`,
  chooseAll: (total: number) => `Choose all ${count(total)}`,
  chooseNone: "Choose none",
};
