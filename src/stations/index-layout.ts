// How a station lies in the resident index: groups of 128 bytes (two cache lines, fetched as a pair), each one header and
// six records of five int32 words.
//   group   word 0 seqlock (odd while the writer is inside) · word 1 six 5-bit tags (0 = empty) + bit 30 "overflowed"
//   record  0 low hash · 1 lat 1e-7 deg · 2 lon 1e-7 deg · 3 hash rest 17 | last-seen day 15
//           4 radius 11 | samples 8 | flags 3 | detail 10
// Promises: positions exact to 1e-7 deg; radius within 0.4 %, samples within 5 %, days until 2059, all exact when small.

export const GROUP_WORDS = 32;
export const GROUP_BYTES = GROUP_WORDS * 4;
/** Words of a cache line: a group is two. */
export const LINE_WORDS = 16;
export const GROUP_SLOTS = 6;
export const RECORD_WORDS = 5;
/** First word of the first record of a group. */
export const RECORDS_AT = 2;
/** One in every 5-bit lane: multiply a tag by it to compare it with six tags at once. */
export const TAG_LANES = 0x2108421;
/** The top bit of every lane. */
export const TAG_TOPS = 0x21084210;
export const TAG_MASK = 0x3fffffff;
/** Set for good (until the shard is rebuilt) when a key whose probe came by had to go to a later group. */
export const OVERFLOWED = 0x40000000;

/** Last-seen days fit 15 bits (until 2059-09-18); later ones are clamped. */
export const MAX_DAY = 0x7fff;
const DETAIL_UNKNOWN = 0x3ff;
const DEG_E7 = 1e7;

/** A position in degrees as the int32 of 1e-7 degrees (11 mm) that `degOf` turns back into the same decimal. */
export function e7Of(deg: number): number {
  return Math.round(deg * DEG_E7);
}

/** Degrees of an int32 of 1e-7 degrees; division, not multiplication, gives the double nearest to the decimal. */
export function degOf(e7: number): number {
  return e7 / DEG_E7;
}

/** Metres as an 11-bit float (4 exponent, 7 mantissa bits, unit 1 m): exact to 255 m, within 0.4 % to 4,177,920 m. 0 = unknown. */
export function encodeRadius(radiusM: number): number {
  if (!(radiusM > 0)) return 0;
  if (radiusM >= 255 * 2 ** 14) return 0x7ff;
  const whole = radiusM < 1 ? 1 : Math.round(radiusM);
  let shift = Math.max(0, 24 - Math.clz32(whole));
  let mantissa = Math.round(whole / 2 ** shift);
  if (mantissa === 256) {
    shift++;
    mantissa = 128;
  }
  return mantissa < 128 ? mantissa : ((shift + 1) << 7) | (mantissa - 128);
}

/** Metres of an 11-bit radius code. */
export function decodeRadius(code: number): number {
  const exponent = code >>> 7;
  return exponent === 0 ? code : (128 + (code & 127)) << (exponent - 1);
}

/** Reports behind each of the 256 sample codes: exact to 20, then steps of 9.5 %, past 2^32 (where Ichnaea caps). */
export const SAMPLES_OF_CODE: Float64Array = (() => {
  const table = new Float64Array(256);
  for (let i = 1; i < 256; i++) table[i] = i <= 20 ? i : Math.round(table[i - 1] * 1.095);
  return table;
})();

/** The code whose number of reports is nearest (by ratio). 0 = unknown. */
export function encodeSamples(samples: number): number {
  if (!(samples > 0)) return 0;
  if (samples <= 20) return Math.max(1, Math.round(samples));
  let low = 20;
  let high = 255;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (SAMPLES_OF_CODE[middle] <= samples) low = middle;
    else high = middle;
  }
  return samples * samples < SAMPLES_OF_CODE[low] * SAMPLES_OF_CODE[high] ? low : high;
}

/** Record word 3. `rest` = 17 bits of hash, `day` = days since 1970, clamped. */
export function packDay(rest: number, day: number): number {
  const clamped = day > 0 ? Math.min(Math.floor(day), MAX_DAY) : 0;
  return (rest << 15) | clamped;
}

/** Record word 4. `detail` -1 (or anything out of range) = unknown. */
export function packEvidence(radiusM: number, samples: number, flags: number, detail: number): number {
  const code = detail >= 0 && detail < DETAIL_UNKNOWN ? detail : DETAIL_UNKNOWN;
  return (encodeRadius(radiusM) << 21) | (encodeSamples(samples) << 13) | ((flags & 7) << 10) | code;
}

/** What record word 4 ends with, -1 = unknown. */
export function detailOf(evidence: number): number {
  const code = evidence & DETAIL_UNKNOWN;
  return code === DETAIL_UNKNOWN ? -1 : code;
}
