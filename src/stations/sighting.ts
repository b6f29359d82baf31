// One hearing of one transmitter, as the fold takes it, and how much it says about where that transmitter is heard.
// Promises: a weight in (0, 1] for any numbers, from the variance of "the transmitter's place is where the phone was": error
// of the fix, way between fix and hearing, distance the signal came. Unknown is never taken for perfect. Knows no contributor.

/** What a transmitter is; the fold's distances depend on it. */
export type StationKind = 'wifi' | 'bluetooth' | 'cell';

/** The same for the fold: a part of a cell (radio/cell-parts.ts) is stored like a cell, but reaches less far. */
export type HeardKind = StationKind | 'part';

/** Degrees, metres, m/s, epoch ms (floored to the hour). NaN = unknown. */
export type Sighting = {
  lat: number;
  lon: number;
  /** 68 % radius of the fix. */
  accuracyM: number;
  speedMps: number;
  /** Between the fix and the hearing. */
  gapMs: number;
  /** Strength, NaN = unknown. */
  dbm: number;
  timeMs: number;
  /** When the report arrived, epoch ms floored to the hour: unlike `timeMs` no claim of its sender. */
  receivedAtMs: number;
  /** The fix may rest on more than satellites. */
  fused: boolean;
  /** Tag of the contributor, 32 bits, comparable within one day of arrival only; the highest bit tells IPv6 from IPv4. 0 = unknown. */
  contributor: number;
  /** From a source that needs no second witness: a phone maker's fleet key. */
  trusted: boolean;
};

/** One-axis sigma of a fix over its 68 % radius: 1 / sqrt(-2 ln 0.32). */
const SIGMA_OF_68 = 0.662;
/** An unknown accuracy stands for 30 m: Android's median outdoors is 5-10, but phones that don't tell are the bad ones. */
const UNKNOWN_ACCURACY_M = 30;
/** A fused fix may rest on the map itself. */
const FUSED_M = 20;
/** Unknown speed is walking pace, unknown gap a second (a scan takes that long). */
const UNKNOWN_SPEED_MPS = 1.4;
const UNKNOWN_GAP_MS = 1_000;

/**
 * Path loss of each kind: dBm at 1 m, exponent, and the dBm an unknown strength stands for. Wi-Fi's exponent is the one that
 * learnt best on traces and simulations together, between free space (2.0) and walls (2.7 and more): sightings from all around average out.
 */
const PATH = {
  wifi: { dbmAt1M: -31, exponent: 2.2, unknownDbm: -85 },
  bluetooth: { dbmAt1M: -73, exponent: 1.37, unknownDbm: -90 },
} as const;
/** The place of a hearing is never known better than this. */
const FLOOR_M = 3;
/** Where a cell is heard does not depend on its strength: sites are sectors, and strength is terrain. */
const CELL_PATH_M = 50;

/** Weight of a sighting, 1 for a perfect one; the inverse of its variance in units of the floor's. */
export function sightingWeight(kind: HeardKind, s: Sighting): number {
  const fixM = SIGMA_OF_68 * (Number.isNaN(s.accuracyM) ? UNKNOWN_ACCURACY_M : s.accuracyM);
  const speedMps = Number.isNaN(s.speedMps) ? UNKNOWN_SPEED_MPS : s.speedMps;
  const gapM = (speedMps * Math.abs(Number.isNaN(s.gapMs) ? UNKNOWN_GAP_MS : s.gapMs)) / 1_000;
  const pathM = kind === 'cell' || kind === 'part' ? CELL_PATH_M : pathDistanceM(kind, s.dbm);
  const fusedM = s.fused ? FUSED_M : 0;
  const variance = fixM * fixM + gapM * gapM + pathM * pathM + fusedM * fusedM + FLOOR_M * FLOOR_M;
  return (FLOOR_M * FLOOR_M) / variance;
}

/** Metres at which the path-loss model expects a strength in dBm. */
function pathDistanceM(kind: 'wifi' | 'bluetooth', dbm: number): number {
  const { dbmAt1M, exponent, unknownDbm } = PATH[kind];
  return 10 ** ((dbmAt1M - (Number.isNaN(dbm) ? unknownDbm : dbm)) / (10 * exponent));
}
