// What a short-range transmitter's record and the strength it is heard with say of where the phone is.
// Promises: finite, above 0, whatever the record. The strength only ever weighs; it is no distance: walls, hands and
// receivers differ by more than the streets they would measure.
import { UNKNOWN_DBM } from '../radio/signal.ts';

/**
 * What is known of a kind of transmitter: `floorM` what even the best record is off by, `priorRadiusM` the 95 % radius believed
 * until `priorSamples` reports say otherwise, `usualDbm` the strength that weighs 1, `narrowDecadeDb` and `wideDecadeDb` how much more
 * weighs ten times, of transmitters heard in one room and of those heard over a block or more.
 */
export type ReachModel = {
  readonly floorM: number;
  readonly priorRadiusM: number;
  readonly priorSamples: number;
  readonly usualDbm: number;
  readonly narrowDecadeDb: number;
  readonly wideDecadeDb: number;
  /** `pullOf` each whole dBm from WEAKEST_DBM to STRONGEST_DBM, for narrow and for wide ones. */
  readonly narrowPulls: Float64Array;
  readonly widePulls: Float64Array;
};

/** Strengths beyond these count as these. */
const WEAKEST_DBM = -100;
const STRONGEST_DBM = -40;

/** One-axis sigmas in metres: where a transmitter begins to be more than narrow, and from where on it is wide. */
const NARROW_M = 8;
const WIDE_M = 40;

function withPulls(model: Omit<ReachModel, 'narrowPulls' | 'widePulls'>): ReachModel {
  const rows = STRONGEST_DBM - WEAKEST_DBM + 1;
  const tableOf = (decadeDb: number) =>
    Float64Array.from({ length: rows }, (_, row) => pullOf(WEAKEST_DBM + row, model.usualDbm, decadeDb));
  return { ...model, narrowPulls: tableOf(model.narrowDecadeDb), widePulls: tableOf(model.wideDecadeDb) };
}

/**
 * Wi-Fi. A strength tells a distance to within a factor: nothing new of a transmitter that is heard in one room (20 dB a
 * decade is the inverse distance or so, and makes fading harmless), much of one heard all over a mall, whose middle would draw every
 * answer to the mall's middle (10 dB a decade: at street level's path-loss exponent of 3.3 the distance to the power of 3.3).
 */
export const WIFI_REACH: ReachModel = withPulls({
  floorM: 4,
  priorRadiusM: 80,
  priorSamples: 2,
  usualDbm: -80,
  narrowDecadeDb: 20,
  wideDecadeDb: 10,
});
/**
 * BLE beacons: RSSI = -73 - 13.7 log10(d) flattens with distance, so that strength says less: the square is 6.9 dB a decade,
 * halved. No traces of beacons tell more.
 */
export const BLUETOOTH_REACH: ReachModel = withPulls({
  floorM: 3,
  priorRadiusM: 30,
  priorSamples: 2,
  usualDbm: -85,
  narrowDecadeDb: 14,
  wideDecadeDb: 14,
});

/** What is heard farther around travels (stations/fold.ts): a record of that says no more, whoever imported it. */
const MOST_RADIUS_M = 500;

/** A 95 % radius in two dimensions over the one-axis sigma of a normal spread: sqrt(-2 ln 0.05). */
export const R95_OVER_SIGMA = 2.4477;

/** How far the phone may be from a transmitter's record, one axis, one sigma, metres; `radiusM` and `samples` 0 mean unknown. */
export function reachSigmaM(model: ReachModel, radiusM: number, samples: number): number {
  const n = radiusM > 0 ? Math.max(samples, 1) : 0;
  const r = Math.min(radiusM, MOST_RADIUS_M);
  const r2 = (n * r * r + model.priorSamples * model.priorRadiusM * model.priorRadiusM) / (n + model.priorSamples);
  return Math.sqrt(model.floorM * model.floorM + r2 / (R95_OVER_SIGMA * R95_OVER_SIGMA));
}

/** 0 for what is heard in one room, 1 for what is heard all over a block or more. */
export function widenessOf(sigmaM: number): number {
  return Math.min(Math.max((sigmaM - NARROW_M) / (WIDE_M - NARROW_M), 0), 1);
}

/**
 * How much a strength speaks for being near a transmitter of `sigmaM`, 1 at the usual strength; a missing one counts as weak.
 * Whole dBm come from tables. `unlearnt` (unlearnt.ts) of 1 is as if all were narrow: strength that nobody reported from here
 * says less of a record that lies elsewhere.
 */
export function reachPull(model: ReachModel, dbm: number, sigmaM: number, unlearnt = 0): number {
  const heard = dbm === UNKNOWN_DBM ? model.usualDbm - 10 : Math.min(Math.max(dbm, WEAKEST_DBM), STRONGEST_DBM);
  const wide = widenessOf(sigmaM) * (1 - unlearnt);
  const row = heard - WEAKEST_DBM;
  const isWhole = (row | 0) === row;
  const narrowPull = isWhole ? model.narrowPulls[row] : pullOf(heard, model.usualDbm, model.narrowDecadeDb);
  const widePull = isWhole ? model.widePulls[row] : pullOf(heard, model.usualDbm, model.wideDecadeDb);
  return narrowPull + wide * (widePull - narrowPull);
}

function pullOf(dbm: number, usualDbm: number, decadeDb: number): number {
  return 10 ** ((dbm - usualDbm) / decadeDb);
}
