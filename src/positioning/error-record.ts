// How far off answers were, and what that says about their circles: conformal quantiles by class of answer. Promises: pure;
// counts in bins only, no places, and of contributors hashed tags of the day being counted; a day's counts are learnt from when
// it is over, and only if two contributors of one protocol made them or a trusted one; corrections stay within CORRECTION's
// limits and change by at most its steps a day, however many reports come. Attack it bounds: reports with invented positions
// that widen everybody's circle (which takes more than a twentieth of what is counted, and a seventh to reach the limit) or narrow it.
import { type Corrections, createCorrections, ERROR_CLASSES, KINS, kinOf } from './calibration.ts';

/** Share of answers that a circle shall hold. */
const SHARE = 0.95;
/**
 * The tail may be wild fixes (one in ten 120 m off made a simulated city's circles half as wide again) or invented: circles
 * grow for it only as far as the BODY quantile of the errors says so too, which is 0.55 to 0.8 of the SHARE one in nine worlds of ten.
 */
const BODY = 0.8;
const BODY_OVER_TAIL = 0.6;
/** Bins of the ratio of error to circle: six an octave, from a 32nd to eightfold; the outer ones hold the rest. */
export const BINS = 48;
const BINS_AN_OCTAVE = 6;
const FIRST_OCTAVE = -5;
/**
 * Limits of a correction, and of its change in a day: wider soon, since a circle that is too small lies (a simulated mall unlike
 * those of the factors held 81 % after five days with a tenth a day, 88 % so); narrower slowly, since that is what lies are for.
 */
export const CORRECTION = { least: 0.6, most: 1.6, narrower: 1.1, wider: 1.3 } as const;
/** Answers counted of one contributor on a day, of a fleet, and contributors heard: a sample of each, whatever they send. */
export const MOST_OF_ONE = 8;
export const MOST_OF_FLEET = 128;
export const MOST_HANDS = 256;
/**
 * What is believed changes only as far as the counts contradict it: to the bound of an interval of so many standard errors
 * around their quantile. Neighbouring answers of one walk say much the same: so many count as one. A whole standard error
 * left maps that are unlike the factors at the bound, 97 % of answers in their circles for good; with a third 7 of the
 * bench's 12 sets hold 93-97 % instead of 5, and worlds of few people hold as much as before.
 */
const STANDARD_ERRORS = 0.3;
const ALIKE = 4;
/**
 * Nothing becomes narrower by fewer counts of its kind, nor of its class: the 95 % quantile of fewer than 19 is beyond the largest of
 * them (Belgium's walks over HTTP held 88 % after two batches). Wider it may: what is outside is seen to be.
 */
const LEAST_OF_KIND = 19 * ALIKE;
const LEAST_OF_CLASS = 20;
/** Counts fade: what was counted this many days of reports ago counts half. */
const HALF_LIFE_DAYS = 10;
/** Days that must have been counted before anything is corrected. */
const LEAST_DAYS = 2;
/** Stands for all phones of a trusted source. */
export const FLEET = -1;

/** One who reported on the day being counted: a hashed tag (highest bit: IPv6; 0 = unknown) or FLEET, answers seen, and a sample of them as `class * BINS + bin`. */
export type Hand = { tag: number; seen: number; sample: number[] };

/** `day` UTC number of the day of arrival being counted (0 = none), `hands` what was counted of it; `kept` counts before it by class and bin, of `days` days. */
export type ErrorRecord = { day: number; days: number; hands: Hand[]; kept: Float32Array; corrections: Corrections };

export function createErrorRecord(): ErrorRecord {
  const kept = new Float32Array(ERROR_CLASSES * BINS);
  return { day: 0, days: 0, hands: [], kept, corrections: createCorrections() };
}

/**
 * Counts one answer of today: its class, and its error over its uncorrected circle. `lot` is uniform in [0, 2^32), and not
 * the sender's to choose: it decides what stays in the sample.
 */
export function countError(record: ErrorRecord, tag: number, errorClass: number, ratio: number, lot: number): void {
  if (!(ratio >= 0)) return;
  let hand = record.hands.find((known) => known.tag === tag);
  if (hand === undefined) {
    if (record.hands.length >= MOST_HANDS) return;
    hand = { tag, seen: 0, sample: [] };
    record.hands.push(hand);
  }
  const bin = Math.floor((Math.log2(ratio) - FIRST_OCTAVE) * BINS_AN_OCTAVE);
  const entry = errorClass * BINS + Math.min(Math.max(bin, 0), BINS - 1);
  const room = tag === FLEET ? MOST_OF_FLEET : MOST_OF_ONE;
  hand.seen++;
  const place = hand.sample.length < room ? hand.sample.length : Math.floor((lot / 2 ** 32) * hand.seen);
  if (place < room) hand.sample[place] = entry;
}

/** Begins a day of arrival: learns from the one before, if it is over and was more than one contributor's. True if it did. */
export function beginDay(record: ErrorRecord, day: number): boolean {
  if (day <= record.day) return false;
  const isFleet = record.hands.some(({ tag }) => tag === FLEET);
  const believed = isFleet || hasCrowd(record.hands);
  // A fleet's word needs no second day.
  if (believed) learn(record, isFleet ? LEAST_DAYS : 1);
  record.day = day;
  record.hands = [];
  return believed;
}

function hasCrowd(hands: readonly Hand[]): boolean {
  // 0 is somebody who may be any of the others.
  const known = hands.filter(({ tag }) => tag > 0).length;
  const byIPv6 = hands.filter(({ tag }) => tag >= 2 ** 31).length;
  return byIPv6 >= 2 || known - byIPv6 >= 2;
}

/**
 * What counts of a day: of one contributor at most so much as twice the middle one gave. Most give one or two answers a day: beside
 * ten of them one network that gave eight was nearly half of what was counted, and had all circles as wide as they get in a week.
 */
function fairShares(hands: readonly Hand[]): number[] {
  const given = hands.filter(({ tag }) => tag > 0).map(({ sample }) => sample.length);
  const middle = given.sort((a, b) => a - b)[(given.length - 1) >> 1] ?? MOST_OF_ONE;
  return hands.flatMap(({ tag, sample }) => (tag === FLEET ? sample : sample.slice(0, 2 * middle)));
}

function learn(record: ErrorRecord, days: number): void {
  const { kept, corrections } = record;
  const fade = 0.5 ** (1 / HALF_LIFE_DAYS);
  for (let i = 0; i < kept.length; i++) kept[i] *= fade;
  for (const entry of fairShares(record.hands)) kept[entry]++;
  record.days = Math.min(record.days + days, 0xffff);
  if (record.days < LEAST_DAYS) return;
  const ofKin = Array.from({ length: KINS }, () => new Float32Array(BINS));
  for (let c = 0; c < ERROR_CLASSES; c++) {
    const sum = ofKin[kinOf(c)];
    for (let bin = 0; bin < BINS; bin++) sum[bin] += kept[c * BINS + bin];
  }
  const believed = ofKin.map((counts) => correct(counts, 1, LEAST_OF_KIND));
  const least = ofKin.map((counts) => (totalOf(counts) < LEAST_OF_KIND ? Number.POSITIVE_INFINITY : LEAST_OF_CLASS));
  // Then class by class: a young map's few-device answers say little about the circles of those by many.
  for (let c = 0; c < ERROR_CLASSES; c++) {
    corrections[c] = stepTo(
      corrections[c],
      correct(kept.subarray(c * BINS, (c + 1) * BINS), believed[kinOf(c)], least[kinOf(c)]),
    );
  }
}

const totalOf = (counts: Float32Array): number => counts.reduce((sum, n) => sum + n, 0);

/** What was believed of circles, moved into the interval in which the counts say that the SHARE quantile is; narrower from `leastCounts` on. */
function correct(counts: Float32Array, believed: number, leastCounts: number): number {
  const total = totalOf(counts);
  if (total === 0) return believed;
  const unsure = STANDARD_ERRORS * Math.sqrt((SHARE * (1 - SHARE) * ALIKE) / total);
  const tail = quantile(counts, (SHARE - unsure) * total);
  const least = Math.min(tail, quantile(counts, BODY * total) / BODY_OVER_TAIL);
  const isEnough = total >= leastCounts && SHARE + unsure < 1;
  const most = isEnough ? quantile(counts, (SHARE + unsure) * total) : Number.POSITIVE_INFINITY;
  return Math.min(Math.max(believed, least), most);
}

function stepTo(now: number, wanted: number): number {
  const within = Math.min(Math.max(wanted, CORRECTION.least), CORRECTION.most);
  return Math.min(Math.max(within, now / CORRECTION.narrower), now * CORRECTION.wider);
}

/** The ratio under which so many of the counts lie. */
function quantile(counts: Float32Array, wanted: number): number {
  let under = 0;
  for (let bin = 0; bin < BINS; bin++) {
    if (counts[bin] > 0 && under + counts[bin] >= wanted) {
      return 2 ** (FIRST_OCTAVE + (bin + Math.max(wanted - under, 0) / counts[bin]) / BINS_AN_OCTAVE);
    }
    under += counts[bin];
  }
  return 2 ** (FIRST_OCTAVE + BINS / BINS_AN_OCTAVE);
}
