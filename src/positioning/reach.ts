// What a short-range transmitter's record and the strength it is heard with say of where the phone is.
// Promises: finite, above 0, whatever the record. The strength only ever weighs; it is no distance: walls, hands and
// receivers differ by more than the streets they would measure.
import { UNKNOWN_DBM } from '../radio/signal.ts';

/**
 * What is known of a kind of transmitter: `floorM` what even the best record is off by, `priorRadiusM` the 95 % radius believed
 * until `priorSamples` reports say otherwise, `usualDbm` the strength that weighs 1, `decadeDb` how much more weighs ten times.
 */
export type ReachModel = {
  readonly floorM: number;
  readonly priorRadiusM: number;
  readonly priorSamples: number;
  readonly usualDbm: number;
  readonly decadeDb: number;
  /** `pullOf` each whole dBm from WEAKEST_DBM to STRONGEST_DBM. */
  readonly pulls: Float64Array;
};

/** Strengths beyond these count as these. */
const WEAKEST_DBM = -100;
const STRONGEST_DBM = -40;

function withPulls(model: Omit<ReachModel, 'pulls'>): ReachModel {
  const rows = STRONGEST_DBM - WEAKEST_DBM + 1;
  return { ...model, pulls: Float64Array.from({ length: rows }, (_, row) => pullOf(WEAKEST_DBM + row, model)) };
}

/**
 * Wi-Fi: weight falls with the square of the distance, which at street level's path-loss exponent of 3.3 is a tenth for each
 * 16.5 dB.
 */
export const WIFI_REACH: ReachModel = withPulls({
  floorM: 4,
  priorRadiusM: 80,
  priorSamples: 2,
  usualDbm: -80,
  decadeDb: 16.5,
});
/** BLE beacons: RSSI = -73 - 13.7 log10(d) flattens with distance, so that strength says less: the square is 6.9 dB a decade, halved. */
export const BLUETOOTH_REACH: ReachModel = withPulls({
  floorM: 3,
  priorRadiusM: 30,
  priorSamples: 2,
  usualDbm: -85,
  decadeDb: 14,
});

/** A 95 % radius in two dimensions over the one-axis sigma of a normal spread: sqrt(-2 ln 0.05). */
export const R95_OVER_SIGMA = 2.4477;

/** How far the phone may be from a transmitter's record, one axis, one sigma, metres; `radiusM` and `samples` 0 mean unknown. */
export function reachSigmaM(model: ReachModel, radiusM: number, samples: number): number {
  const n = radiusM > 0 ? Math.max(samples, 1) : 0;
  const r2 =
    (n * radiusM * radiusM + model.priorSamples * model.priorRadiusM * model.priorRadiusM) / (n + model.priorSamples);
  return Math.sqrt(model.floorM * model.floorM + r2 / (R95_OVER_SIGMA * R95_OVER_SIGMA));
}

/** How much a strength speaks for being near, 1 at the usual strength; a missing one counts as weak. Whole dBm come from a table. */
export function reachPull(model: ReachModel, dbm: number): number {
  const heard = dbm === UNKNOWN_DBM ? model.usualDbm - 10 : Math.min(Math.max(dbm, WEAKEST_DBM), STRONGEST_DBM);
  const row = heard - WEAKEST_DBM;
  return (row | 0) === row ? model.pulls[row] : pullOf(heard, model);
}

function pullOf(dbm: number, { usualDbm, decadeDb }: Pick<ReachModel, 'usualDbm' | 'decadeDb'>): number {
  return 10 ** ((dbm - usualDbm) / decadeDb);
}
