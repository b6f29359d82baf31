// How far a phone may be from the centre of where a cell was heard: from the cell's radius, the strength and the timing
// advance. Promises: metres, one axis, one sigma, finite, above 0.
import { UNKNOWN_DBM } from '../radio/signal.ts';
import { R95_OVER_SIGMA } from './reach.ts';

/**
 * 95 % radius in metres believed of a cell whose radius nothing tells, by radio code. Cells of one site lie a median of 870 m
 * apart in LTE, 930 m in UMTS, 1,800 m in GSM (MLS export of 2024, 2 million cells): a cell reaches about twice that.
 */
const PRIOR_RADIUS_M = [0, 4000, 2000, 2000, 1000];
/** Reports that outweigh the prior. */
const PRIOR_SAMPLES = 3;
/** Strength in dBm in the middle of a cell, by radio code; 40 dB more is a tenth of the distance. */
const MIDDLE_DBM = [0, -80, -90, -100, -95];
const DB_PER_DECADE = 40;
/** Metres a step of timing advance: GSM 550 (3.69 us round trip), LTE 78 (16 Ts). */
const TA_STEP_M = [0, 553.5, 0, 78.07, 0];

/** One-axis sigma; `radiusM` and `samples` 0 = unknown, `dbm` UNKNOWN_DBM, `ta` -1. */
export function cellSigmaM(radio: number, radiusM: number, samples: number, dbm: number, ta: number): number {
  const n = radiusM > 0 ? Math.max(samples, 1) : 0;
  const prior = PRIOR_RADIUS_M[radio];
  const radius = Math.sqrt((n * radiusM * radiusM + PRIOR_SAMPLES * prior * prior) / (n + PRIOR_SAMPLES));
  let sigma = radius / R95_OVER_SIGMA;
  if (dbm !== UNKNOWN_DBM) {
    const factor = 10 ** ((MIDDLE_DBM[radio] - dbm) / DB_PER_DECADE);
    sigma *= Math.min(Math.max(factor, 0.5), 2);
  }
  if (ta >= 0 && TA_STEP_M[radio] > 0) {
    // Farther from the mast than the cell was ever heard: the circle must reach there.
    const beyond = ta * TA_STEP_M[radio] - radius;
    if (beyond > 0) sigma = Math.hypot(sigma, beyond / R95_OVER_SIGMA);
  }
  return sigma;
}
