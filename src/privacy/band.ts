// How reluctant a device's region is to change: a band of rings drawn once for its life from a secret, never none, so that
// nobody who watches an answer change knows how far inside the new region the device was (privacy.md 2.3.5, attack A2). Drawn
// anew each week, as 2.3.5 has it, it would flicker in weeks without a band and tell, week by week, between which rings a
// home lies: the worst twentieth of those who live on a border kept 1.5 % of a cell, and keep 18 % with 2 to 4 rings for life
// (bench:privacy, A2). One ring is less than a trembling fix crosses in a month: 9 %. Pure: the secret comes in.
import { createHmac } from 'node:crypto';
import { MAX_BAND_RINGS, MIN_BAND_RINGS } from './coarse-state.ts';

/** Rings of resolution-10 cells are this far apart at most (edge 76 m, half the area variation of H3), metres. */
const RING_M = 150;
/** The widest band: what circles are widened by, whatever a device's own is. */
export const BAND_M = MAX_BAND_RINGS * RING_M;

/** Rings of a device (its id); `key` is 32 secret bytes, the same on all replicas. */
export function bandRingsOf(key: Uint8Array, device: string): number {
  const bands = MAX_BAND_RINGS - MIN_BAND_RINGS + 1;
  return MIN_BAND_RINGS + (createHmac('sha256', key).update(`band ${device}`).digest().readUInt32LE() % bands);
}
