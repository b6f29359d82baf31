// What the bench says of a method on a data set: how often it answers, how far off it is, and whether its circle is honest.

import { distanceM } from '../../src/geo/distance.ts';
import type { DataSet, Method } from './method.ts';

/** Errors and accuracies in metres; shares in 0..1. Quantiles are of the answered; NaN where nothing was answered. */
export type Metrics = {
  asked: number;
  answered: number;
  medianM: number;
  p67M: number;
  p95M: number;
  maxM: number;
  inside: number;
  medianAccuracyM: number;
  /** All errors, ascending. */
  errorsM: Float64Array;
};

/** Nearest-rank quantile of ascending values. */
function quantile(ascending: Float64Array, share: number): number {
  if (ascending.length === 0) return Number.NaN;
  return ascending[Math.min(Math.max(Math.ceil(share * ascending.length) - 1, 0), ascending.length - 1)];
}

/** Asks a taught method for every test scan. */
export function measure(method: Method, set: DataSet): Metrics {
  const errors: number[] = [];
  const accuracies: number[] = [];
  let inside = 0;
  for (const scan of set.test) {
    const answer = method.locate(scan);
    if (answer === null) continue;
    const error = distanceM(answer.lat, answer.lon, scan.lat, scan.lon);
    errors.push(error);
    accuracies.push(answer.accuracyM);
    if (error <= answer.accuracyM) inside++;
  }
  const errorsM = Float64Array.from(errors).sort();
  return {
    asked: set.test.length,
    answered: errors.length / set.test.length,
    medianM: quantile(errorsM, 0.5),
    p67M: quantile(errorsM, 0.67),
    p95M: quantile(errorsM, 0.95),
    maxM: quantile(errorsM, 1),
    inside: inside / errors.length,
    medianAccuracyM: quantile(Float64Array.from(accuracies).sort(), 0.5),
    errorsM,
  };
}
