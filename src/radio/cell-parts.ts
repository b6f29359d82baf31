// Parts of a cell: the same cell heard with the same timing advance, or beside the same strongest neighbour, or as strong, is
// heard in a smaller place. That no neighbour was told of is no part: many phones tell of none, whatever they hear. Each part
// is learnt and looked up like a cell of its own, under a radio code that no phone can send. Promises: pure arithmetic; keys of
// different cells, radios and parts never meet; no allocation. In Dortmund's drives parts cut the median error of a serving cell
// from some 160 m to 71-83 m.
import { RADIO } from './cell.ts';
import { UNKNOWN_DBM } from './signal.ts';

/** Radio code of parts in the index and the store; codes of real radios are 1 to 4. */
export const PART_RADIO = 5;
/** True for the radio code of a part. */
export function isPart(radio: number): boolean {
  return radio === PART_RADIO;
}

/** Kinds of parts. Never renumber: they are stored. */
const PART = { ring: 1, neighbour: 2, strength: 3 } as const;
/** One part of each kind at most. */
export const MAX_PARTS = 3;

/** Steps of timing advance in one ring: LTE's 78 m steps, four together, are as coarse as its reflections; GSM's are 550 m. */
const RING_STEPS = [0, 1, 0, 4, 4];
/** Strengths within 10 dB are one: fading and the phone in the hand differ by as much. */
const STRENGTH_DB = 10;
const RADIO_UNIT = 0x40_0000;
const KIND_UNIT = 0x8_0000;
/** GSM cell ids are unique within their area only; the others within their network. */
const GSM_AREA_UNIT = 0x1_0000;

/** The `cellId` of every part of a cell: less than 2^36. */
export function partCellId(radio: number, area: number, cellId: number): number {
  return radio === RADIO.gsm ? area * GSM_AREA_UNIT + cellId : cellId;
}

/**
 * Writes the `area` (below 2^24) of each part that the reading of a serving cell belongs to into `out`; returns how many.
 * `ta` and `neighbourPsc` (of the strongest other cell of that radio) -1 = none, `dbm` UNKNOWN_DBM = unknown.
 */
export function partAreas(radio: number, ta: number, dbm: number, neighbourPsc: number, out: Float64Array): number {
  let count = 0;
  const base = (radio - 1) * RADIO_UNIT;
  if (ta >= 0 && RING_STEPS[radio] > 0)
    out[count++] = base + PART.ring * KIND_UNIT + Math.floor(ta / RING_STEPS[radio]);
  if (neighbourPsc >= 0 && radio !== RADIO.gsm) out[count++] = base + PART.neighbour * KIND_UNIT + neighbourPsc;
  if (dbm !== UNKNOWN_DBM) out[count++] = base + PART.strength * KIND_UNIT + Math.floor(-dbm / STRENGTH_DB);
  return count;
}
