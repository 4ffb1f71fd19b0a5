import type { Applied, Refusal } from "../api/types";
import { block as t } from "../texts/block";

export interface Coverage {
  /** Sensors that drop the packets. */
  enforcing: number;
  total: number;
  /** What those say that will not. */
  refusals: string[];
}

/** Where a block really holds. A sensor that refused it does not count as one that has applied it. */
export function coverageOf({ sensors, refusals = [] }: { sensors: Applied; refusals?: Refusal[] }): Coverage {
  return {
    enforcing: sensors.applied,
    total: sensors.total,
    refusals: refusals.map(({ sensorId, reason }) => `${sensorId}: ${reason}`),
  };
}

export const coverageText = ({ enforcing, total }: Coverage): string => t.appliedOnOfSensor(enforcing, total);
