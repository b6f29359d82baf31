// From what a solution looks like to the radius of a circle that holds the phone in 95 of 100 cases.
// Promises: finite, above the floor of its kind. Everything is measured, not derived: quantiles of the error on held-out scans of
// real walks and drives and in simulated worlds, a world weighing the same however many scans it has: the share is meant for the
// next place. What a running gateway finds of its own map corrects them, by kind and by class: error-record.ts.
import { lengthM } from '../geo/distance.ts';
import { MAC_KIND, type MacKind } from '../stations/index-contract.ts';
import { R95_OVER_SIGMA } from './reach.ts';
import type { Solution } from './solve.ts';
import type { Source } from './source.ts';

/**
 * Goes up with every change of a factor, a scale or a class: a running gateway's counts are of errors over circles as these
 * make them, and say nothing of others. Fits one byte.
 */
export const CALIBRATION_VERSION = 11;

/** Under the first are one room's access points, heard thousands of times in it (a library); streets begin above. */
const REACH_BOUNDS_M = [6.5, 16, 32, 64];
/** Rows of classes: 2, 3, 4-5, 6-9, 10 and more devices, and as many whose strengths were followed (path-loss.ts). */
const DEVICE_ROWS = 6;
const MAC_CLASSES = DEVICE_ROWS * (REACH_BOUNDS_M.length + 1);
/** 95 % error in one room over `roomScaleM`. */
const ROOM_FACTOR = 0.89;
/**
 * Logarithm of the 95 % error in metres of who is in no one room: `is`, and what it goes up by with the logarithms of the reach, of
 * scatter and spread in shares of it (`scatter`, `spread`), of the number of devices, of spread and number together (many devices that
 * all stand in one place are heard everywhere there, and say nothing), of the mean reach over the weighted one (`faint`: those that are
 * loud here are heard less far than the rest), of how far strengths led (`led`) and of doubt; with the share that is not known, and
 * what of that is over a half; if strengths were `followed`; and in an `alley`, where the reach is under the second bound. Quantile regression over Lisbon, the bench's own
 * simulated worlds and some hundred drawn ones (streets, malls, houses; densities, walls, powers, fixes, three to eight people on three to five
 * days), those with few people weighing a fifth, so that the middle one of worlds holds 95 to 96 %.
 */
const STREET = {
  is: 2.49,
  reach: 0.58,
  scatter: 0.678,
  spread: 0.345,
  devices: -0.264,
  devicesSpread: -0.389,
  faint: 1.193,
  led: 0.838,
  doubt: 3.18,
  unknown: 0.893,
  outside: 1.843,
  followed: -0.324,
  alley: 0.127,
} as const;
/** Where all stand in one point or on the answer, the shares are not nothing. */
const LEAST_SPREAD = 0.05;
const LEAST_SCATTER = 0.1;
/** More devices say no more. */
const MOST_DEVICES = 40;
/**
 * Who hears transmitters is within their reach, wherever they stand: no circle is wider than so many sigmas of both and the way that
 * strengths led. A product of powers knows no such bound: some of the bench's circles were over five times as wide. Of the one in two
 * hundred cut here, 97 of 100 still hold the phone.
 */
const MOST_SIGMAS = 2 * R95_OVER_SIGMA;
/** 95 % error over `cellScaleM` by number of cells (1, 2, 3 and more), then over the scale of parts of the serving one. */
const CELL_FACTORS = [3.75, 3.45, 3.15, 0.63];

/**
 * Classes of answers whose circles are corrected together: by source, count and spread. First those of access points, as
 * `macBucket` numbers them, then those of beacons, then those by whole cells (1, 2, 3 and more) and by parts of the serving one.
 */
export const ERROR_CLASSES = 2 * MAC_CLASSES + CELL_FACTORS.length;
const FIRST_CELL_CLASS = 2 * MAC_CLASSES;

/** Classes whose circles are likely wrong by the same factor where a map is unlike the bench's: one room's, all others of a kind, cells'. */
export function kinOf(errorClass: number): number {
  if (errorClass >= FIRST_CELL_CLASS) return 4;
  const inRoom = errorClass % (REACH_BOUNDS_M.length + 1) === 0;
  return (errorClass < MAC_CLASSES ? 0 : 2) + (inRoom ? 1 : 0);
}
export const KINS = 5;

/** Factors on the circles of each class; all 1 on a map of which nothing is known. */
export type Corrections = Float32Array;

export function createCorrections(): Corrections {
  return new Float32Array(ERROR_CLASSES).fill(1);
}

/** The same where one thread writes and all read: each factor is written whole. */
export function createCorrectionMemory(): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(ERROR_CLASSES * Float32Array.BYTES_PER_ELEMENT);
  new Float32Array(memory).fill(1);
  return memory;
}

export function openCorrections(memory: SharedArrayBuffer): Corrections {
  return new Float32Array(memory);
}

/** Privacy: two devices are little company, whatever they would allow (attack A10). */
const TWO_DEVICES_M = 100;
const WIFI_FLOOR_M = 5;
const BLUETOOTH_FLOOR_M = 3;
const CELL_FLOOR_M = 100;

/**
 * Where so much of the trust contradicts an answer, it is one opinion of many, and the phone is wherever any of them stands: in 16 of
 * 44,000 answers of the bench's worlds, whose circles held 10.
 */
const MOST_DOUBT = 0.6;

/** What a position by access points or beacons rests on, beside its solution; `ledM` is how far strengths led from the mean. */
export type MacBasis = { devices: number; share: number; followed: boolean; ledM: number };

/** The scale of a solution in one room, metres: what an error is measured in. */
function roomScaleM(solution: Solution): number {
  return 0.75 * solution.reachM + 0.6 * Math.min(solution.scatterM, solution.reachM);
}

/** The class of a solution. */
function macBucket(devices: number, followed: boolean, reachM: number): number {
  const row = devices < 4 ? devices - 2 : devices < 6 ? 2 : devices < 10 ? 3 : followed ? 5 : 4;
  let column = 0;
  while (column < REACH_BOUNDS_M.length && reachM >= REACH_BOUNDS_M[column]) column++;
  return row * (REACH_BOUNDS_M.length + 1) + column;
}

/** 95 % circle in metres in a street, a hall or a house. */
function streetM(solution: Solution, doubt: number, { devices, share, followed, ledM }: MacBasis): number {
  const { reachM } = solution;
  const mostM = MOST_SIGMAS * lengthM(solution.meanReachM, solution.spreadM) + ledM;
  const counted = Math.log(Math.min(devices, MOST_DEVICES));
  const log =
    STREET.is +
    STREET.reach * Math.log(reachM) +
    STREET.scatter * Math.log(Math.min(solution.scatterM / reachM, 1) + LEAST_SCATTER) +
    (STREET.spread + STREET.devicesSpread * counted) * Math.log(solution.spreadM / reachM + LEAST_SPREAD) +
    STREET.devices * counted +
    STREET.faint * Math.log(solution.meanReachM / reachM) +
    STREET.led * Math.log(1 + ledM / reachM) +
    STREET.doubt * Math.log(1 + doubt) +
    STREET.unknown * (1 - share) +
    STREET.outside * Math.max(0.5 - share, 0) +
    (followed ? STREET.followed : 0) +
    (reachM < REACH_BOUNDS_M[1] ? STREET.alley : 0);
  return Math.min(Math.exp(log), mostM);
}

/**
 * Fills in the 95 % circle of a position by `devices` (2 or more) access points or beacons, whose strengths were `followed` or only
 * weighed, and which are `share` of all that were heard: who hears mostly what is not known, or stands elsewhere, is at the edge
 * of what the map knows, where answers are drawn inwards. In one room everything is near, known or not, and
 * most of what beacons are mistaken for is carried about.
 */
export function rateMacs(
  corrections: Corrections,
  kind: MacKind,
  basis: MacBasis,
  solution: Solution,
  into: Source,
): void {
  const { devices, followed } = basis;
  const bucket = macBucket(devices, followed, solution.reachM);
  const floor = devices === 2 ? TWO_DEVICES_M : kind === MAC_KIND.wifi ? WIFI_FLOOR_M : BLUETOOTH_FLOOR_M;
  // Members that disagree with the answer were left out of the scale: what they are trusted with is doubt.
  const doubt = solution.doubting / (solution.agreeing + solution.doubting);
  into.errorClass = kind === MAC_KIND.wifi ? bucket : MAC_CLASSES + bucket;
  const usualM =
    solution.reachM < REACH_BOUNDS_M[0]
      ? ROOM_FACTOR * roomScaleM(solution) * (1 + doubt)
      : streetM(solution, doubt, basis);
  into.uncorrectedM = doubt > MOST_DOUBT ? Math.max(R95_OVER_SIGMA * solution.spreadM, usualM) : usualM;
  into.accuracyM = Math.max(floor, corrections[into.errorClass] * into.uncorrectedM);
}

/** The scale of a solution by cells, metres. */
function cellScaleM(solution: Solution): number {
  return lengthM(solution.reachM, solution.scatterM / 2);
}

/**
 * What is known of the serving cell: its reach `sigmaM`; how far its centre is from the solution (`offCentreM`); metres from its mast
 * (0 unless it `hasTiming`); `farthestM` that the
 * phone can be from the solution by that timing (Infinity if it says nothing of that); how many parts of it
 * the reading belongs to, how many of them are known, and the sum of their `fewLooks`.
 */
export type ServingCell = {
  sigmaM: number;
  offCentreM: number;
  fromMastM: number;
  farthestM: number;
  hasTiming: boolean;
  parts: number;
  partsKnown: number;
  unsure: number;
};

export function createServingCell(): ServingCell {
  return {
    sigmaM: 0,
    offCentreM: 0,
    fromMastM: 0,
    farthestM: Number.POSITIVE_INFINITY,
    hasTiming: false,
    parts: 0,
    partsKnown: 0,
    unsure: 0,
  };
}

/** Looks at which a part is half known. */
const HALF_KNOWN_LOOKS = 1.5;
/** How much wider the circle of a part that was hardly looked at, of parts of which as many are unknown, of one without timing. */
const FEW_LOOKS_WIDER = 2.4;
const UNKNOWN_PARTS_WIDER = 7;
const NO_TIMING_WIDER = 1.2;

/** How little is known of a part looked at so often: 1 = nothing. */
export function fewLooks(looks: number): number {
  return HALF_KNOWN_LOOKS / (HALF_KNOWN_LOOKS + looks);
}

/**
 * Fills in the 95 % circle of a position by `cells` known cells. Where parts of the serving cell stand for it: a part may be
 * wrong about the street, hardly about the cell. An unknown part says that the phone is where nobody was before: anywhere as
 * far from the mast as its timing allows. Measured on the drives of the bench, with and without timing, on roads driven
 * before and on new ones, masts 500 m to 4 km apart.
 */
export function rateCells(
  corrections: Corrections,
  cells: number,
  serving: ServingCell,
  solution: Solution,
  into: Source,
): void {
  const doubt = solution.doubting / (solution.agreeing + solution.doubting);
  into.errorClass = FIRST_CELL_CLASS + (serving.partsKnown === 0 ? Math.min(cells, 3) - 1 : 3);
  // Timing far beyond the cell is in the reach as well as in the metres from the mast: together they may name places it rules out.
  into.uncorrectedM = Math.min(reachOfCells(cells, serving, solution), serving.farthestM) * (1 + doubt);
  into.accuracyM = Math.max(CELL_FLOOR_M, corrections[into.errorClass] * into.uncorrectedM);
}

function reachOfCells(cells: number, serving: ServingCell, solution: Solution): number {
  const { sigmaM, offCentreM, fromMastM, hasTiming, parts, partsKnown, unsure } = serving;
  if (partsKnown === 0) return CELL_FACTORS[Math.min(cells, 3) - 1] * cellScaleM(solution) + fromMastM;
  const unknown = (parts - partsKnown) / partsKnown;
  const wider = 1 + (FEW_LOOKS_WIDER * unsure) / partsKnown + UNKNOWN_PARTS_WIDER * unknown;
  const scaleM = (solution.reachM + sigmaM) * (hasTiming ? 1 : NO_TIMING_WIDER);
  // Nor is the phone nearer to the middle of its parts than those are wide: one that is as wide as the cell halves nothing.
  const spreadM = (R95_OVER_SIGMA * solution.reachM) / Math.sqrt(partsKnown);
  const byParts = Math.max(CELL_FACTORS[3] * scaleM, spreadM) * wider + unknown * fromMastM;
  // By some of its parts a phone is never known worse than by the cell that they are of.
  return Math.min(byParts, CELL_FACTORS[0] * sigmaM + fromMastM + offCentreM);
}

/** 95 % error of one sibling, of two, of three, of four and more that stand together, metres (2 million cells, each left out in turn). */
const SITE_FLOORS_M = [12_000, 6000, 5000, 4500];
/** The same, over how far the siblings scatter; and who hears a mast is as far off as its cells reach. */
const SITE_SCATTERS = 6;

/**
 * 95 % circle in metres of a position by `siblings` known cells that seem to share the mast, of which the share `together`
 * stands together: where an operator numbers its cells otherwise, they don't, and the guess is worth little.
 */
export function accuracyOfSite(siblings: number, together: number, solution: Solution): number {
  const floorM = Math.max(SITE_FLOORS_M[Math.min(siblings, 4) - 1], CELL_FACTORS[0] * solution.reachM);
  const agreed = Math.max(floorM, SITE_SCATTERS * solution.scatterM);
  return agreed / (together * together);
}

/** What an area known by one or two cells is believed to reach (95 %): location areas of the public export do, metres. */
const AREA_PRIOR_M = 40_000;
const AREA_PRIOR_CELLS = 2;

/** 95 % circle in metres of an area known by `cells` cells within `radiusM`; 0 = unknown. */
export function accuracyOfArea(radiusM: number, cells: number): number {
  const n = radiusM > 0 ? Math.max(cells, 1) : 0;
  return Math.sqrt((n * radiusM * radiusM + AREA_PRIOR_CELLS * AREA_PRIOR_M * AREA_PRIOR_M) / (n + AREA_PRIOR_CELLS));
}
