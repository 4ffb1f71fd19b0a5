import type { Applied, Refusal } from "../api/types";
import { plural } from "../shared/format";

export interface Coverage {
  /** Sensors that drop the packets. */
  enforcing: number;
  total: number;
  /** What those say that will not. */
  refusals: string[];
}

/**
 * Where a block really holds. A sensor that has taken a block in and refused it counts as applied in the reply: it has
 * nothing left to do. It does not drop a packet either, so here it does not count.
 */
export function coverageOf({ sensors, refusals = [] }: { sensors: Applied; refusals?: Refusal[] }): Coverage {
  const refusing = new Set(refusals.map(({ sensorId }) => sensorId)).size;
  return {
    enforcing: Math.max(0, sensors.applied - refusing),
    total: sensors.total,
    refusals: refusals.map(({ sensorId, reason }) => `${sensorId}: ${reason}`),
  };
}

export const coverageText = ({ enforcing, total }: Coverage): string =>
  `applied on ${enforcing} of ${plural(total, "sensor")}`;
