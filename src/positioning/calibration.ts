// From what a solution looks like to the radius of a circle that holds the phone in 95 of 100 cases.
import { MAC_KIND, type MacKind } from '../stations/index-contract.ts';
import { R95_OVER_SIGMA } from './reach.ts';
import type { Solution } from './solve.ts';

const TWO_DEVICES_M = 100;

/** 95 % circle in metres of a position by access points or beacons. */
export function accuracyOfMacs(kind: MacKind, devices: number, solution: Solution): number {
  const floor = kind === MAC_KIND.wifi ? 10 : 5;
  const sigma = Math.sqrt(solution.formalM * solution.formalM + (solution.scatterM * solution.scatterM) / 3);
  return Math.max(devices === 2 ? TWO_DEVICES_M : floor, R95_OVER_SIGMA * sigma);
}
