// How far a phone may be from where a transmitter was heard before: from the transmitter's own radius and, if believed,
// the strength it is heard with now. Promises: metres, one axis, one sigma, finite, never under the floor of its kind.
import { UNKNOWN_DBM } from '../radio/signal.ts';

/**
 * What is known of a kind of short-range transmitter. `dbmAt1M` and `exponent` make the path-loss model, `floorM` what even
 * the best record is off by, `priorRadiusM` the 95 % radius believed until `priorSamples` reports say otherwise.
 */
export type ReachModel = {
  readonly dbmAt1M: number;
  readonly exponent: number;
  readonly floorM: number;
  readonly priorRadiusM: number;
  readonly priorSamples: number;
};

/** Street-level Wi-Fi: exponent 3.3, -31 dBm at 1 m (measured indoors at 2.4 GHz and outdoors alike; 5 GHz hears less far). */
export const WIFI_REACH: ReachModel = { dbmAt1M: -31, exponent: 3.3, floorM: 4, priorRadiusM: 80, priorSamples: 2 };
/** BLE beacons: RSSI = -73 - 13.7 log10(d). */
export const BLUETOOTH_REACH: ReachModel = {
  dbmAt1M: -73,
  exponent: 1.37,
  floorM: 3,
  priorRadiusM: 30,
  priorSamples: 2,
};

/** A 95 % radius in two dimensions over the one-axis sigma of a normal spread: sqrt(-2 ln 0.05). */
export const R95_OVER_SIGMA = 2.4477;

/** One-axis sigma from the radius alone; `radiusM` and `samples` 0 mean unknown. */
export function plainSigmaM(model: ReachModel, radiusM: number, samples: number): number {
  const n = radiusM > 0 ? samples : 0;
  const r2 =
    (n * radiusM * radiusM + model.priorSamples * model.priorRadiusM * model.priorRadiusM) / (n + model.priorSamples);
  return Math.sqrt(model.floorM * model.floorM + r2 / (R95_OVER_SIGMA * R95_OVER_SIGMA));
}

/** The same, narrowed by a strength: within the distance at which the path-loss model expects it, or the plain sigma, whichever is less. */
export function heardSigmaM(model: ReachModel, plainM: number, dbm: number): number {
  if (dbm === UNKNOWN_DBM) return plainM;
  const path = 10 ** ((model.dbmAt1M - dbm) / (10 * model.exponent));
  const narrow2 = 1 / (1 / (path * path) + 1 / (plainM * plainM));
  return Math.sqrt(model.floorM * model.floorM + narrow2);
}
