// How far a phone may be from the centre of where a cell was heard: from the cell's radius, the strength and the timing
// advance. Promises: metres, one axis, one sigma, finite, above 0.
import { UNKNOWN_DBM } from '../radio/signal.ts';
import { R95_OVER_SIGMA } from './reach.ts';

/**
 * 95 % radius in metres believed of a cell whose radius nothing tells, by radio code. Cells of one site lie a median of 870 m
 * apart in LTE, 930 m in UMTS, 1,800 m in GSM (MLS export of 2024, 2 million cells): a cell reaches about twice that.
 */
const PRIOR_RADIUS_M = [0, 4000, 2000, 1500, 1000];
/** Reports that weigh as much as the prior; one passing car makes dozens in one street. */
const PRIOR_SAMPLES = 2;
/** Strength in dBm in the middle of a cell, by radio code. */
const MIDDLE_DBM = [0, -80, -90, -100, -95];
/** Decibels for ten times the weight: the square of the distance at a path-loss exponent of 4 (macro cells). */
const DB_PER_DECADE = 20;
/** Metres a step of timing advance: GSM 553 (3.69 us there and back), LTE 78 (16 Ts). */
const TA_STEP_M = [0, 553.5, 0, 78.07, 0];

/** From the centre of where a cell was heard to its mast: a median of 599 m in Dortmund. */
const MAST_OFFSET_M = 600;

/** One-axis sigma; `radiusM` and `samples` 0 = unknown, `ta` -1. */
export function cellSigmaM(radio: number, radiusM: number, samples: number, ta: number): number {
  const n = radiusM > 0 ? Math.max(samples, 1) : 0;
  const prior = PRIOR_RADIUS_M[radio];
  const radius = Math.sqrt((n * radiusM * radiusM + PRIOR_SAMPLES * prior * prior) / (n + PRIOR_SAMPLES));
  // Farther from the mast than the cell was ever heard, wherever in it the mast stands: the circle must reach there.
  const beyondM = ta < 0 ? 0 : ta * TA_STEP_M[radio] - 2 * radius - MAST_OFFSET_M;
  return (beyondM > 0 ? Math.hypot(radius, beyondM) : radius) / R95_OVER_SIGMA;
}

/** A part is never known better than this: fixes, and fading. */
const LEAST_PART_SIGMA_M = 20;

/** One-axis sigma of a part of a cell: its own radius; one report is as good as that of the whole cell. */
export function partSigmaM(radiusM: number, samples: number, cellRadiusM: number): number {
  const r2 = (samples * radiusM * radiusM + cellRadiusM * cellRadiusM) / (samples + 1);
  return Math.max(Math.sqrt(r2) / R95_OVER_SIGMA, LEAST_PART_SIGMA_M);
}

/** How much a strength speaks for being near the centre, 1 in the middle of the cell's range; a missing one counts so too. */
export function cellPull(radio: number, dbm: number): number {
  if (dbm === UNKNOWN_DBM) return 1;
  return Math.min(Math.max(10 ** ((dbm - MIDDLE_DBM[radio]) / DB_PER_DECADE), 0.1), 10);
}
