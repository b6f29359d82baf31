// How far a phone may be from the centre of where a cell was heard: from the cell's radius, the strength and the timing
// advance. Promises: metres, one axis, one sigma, finite, above 0.
import { lengthM } from '../geo/distance.ts';
import { UNKNOWN_DBM } from '../radio/signal.ts';
import { R95_OVER_SIGMA } from './reach.ts';

/**
 * 95 % radius in metres believed of a cell whose radius nothing tells, by radio code: what makes the circle around a bare
 * position of the MLS export of 2024 hold OpenCelliD's of 2026 in 95-98 of 100 cases (12,612 Dutch cells in both; NR guessed).
 */
const PRIOR_RADIUS_M = [0, 3000, 2500, 2500, 1500];
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
  const radius = cellRadiusM(radio, radiusM, samples);
  // Farther from the mast than the cell was ever heard, wherever in it the mast stands: the circle must reach there.
  const beyondM = fromMastM(radio, ta) - 2 * radius - MAST_OFFSET_M;
  return (beyondM > 0 ? lengthM(radius, beyondM) : radius) / R95_OVER_SIGMA;
}

/**
 * The farthest a phone can be from the centre of where its cell was heard, metres: as far from the mast as the timing advance
 * and a step more, and the mast within the cell's reach, taken twice as its radius holds 95 %. Infinity where that says nothing
 * new: without timing, or where the timing names no place beyond those the cell was heard at, so that strengths and
 * neighbours know better.
 */
export function farthestM(radio: number, radiusM: number, samples: number, ta: number): number {
  const away = fromMastM(radio, ta);
  if (away <= MAST_OFFSET_M) return Number.POSITIVE_INFINITY;
  const offMastM = 2 * cellRadiusM(radio, radiusM, samples) + MAST_OFFSET_M;
  return away > offMastM ? away + TA_STEP_M[radio] + offMastM : Number.POSITIVE_INFINITY;
}

/** 95 % radius of a cell, held against what is believed of its radio until it was reported often enough. */
function cellRadiusM(radio: number, radiusM: number, samples: number): number {
  const n = radiusM > 0 ? Math.max(samples, 1) : 0;
  const prior = PRIOR_RADIUS_M[radio];
  return Math.sqrt((n * radiusM * radiusM + PRIOR_SAMPLES * prior * prior) / (n + PRIOR_SAMPLES));
}

/** Metres from the mast by the timing advance `ta`; 0 if there is none. */
export function fromMastM(radio: number, ta: number): number {
  return ta < 0 ? 0 : ta * TA_STEP_M[radio];
}

/** A part is never known better than this: fixes, and fading. */
const LEAST_PART_SIGMA_M = 20;

/** A look at a part, on one day from one block, tells this much more of where it is than the whole cell does. */
export const LOOK_WEIGHT = 20;

/** One-axis sigma of a part of a cell: its own radius, held against the cell's until it was looked at often enough. */
export function partSigmaM(radiusM: number, looks: number, cellRadiusM: number): number {
  const n = LOOK_WEIGHT * looks;
  const r2 = (n * radiusM * radiusM + cellRadiusM * cellRadiusM) / (n + 1);
  return Math.max(Math.sqrt(r2) / R95_OVER_SIGMA, LEAST_PART_SIGMA_M);
}

/** How much a strength speaks for being near the centre, 1 in the middle of the cell's range; a missing one counts so too. */
export function cellPull(radio: number, dbm: number): number {
  if (dbm === UNKNOWN_DBM) return 1;
  return Math.min(Math.max(10 ** ((dbm - MIDDLE_DBM[radio]) / DB_PER_DECADE), 0.1), 10);
}
