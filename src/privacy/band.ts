// How reluctant a device's region is to change: a band of rings drawn once for its life from a secret, never none, so that
// nobody who watches an answer change knows how far inside the new region the device was (privacy.md 2.3.5, attack A2). Drawn
// anew each week, as 2.3.5 has it, it would flicker in weeks without a band and tell, week by week, between which rings a
// home lies: the worst twentieth of those who live on a border kept 1.5 % of a cell, and keep 18 % with 2 to 4 rings for life
// (bench:privacy, A2). One ring is less than a trembling fix crosses in a month: 9 %. Pure: the secret comes in.
import { createHmac, type KeyObject } from 'node:crypto';
import { MAX_BAND_RINGS, MIN_BAND_RINGS } from './coarse-state.ts';

/** How far a phone is thought to be from where it is, at least and at most, metres. */
const SHIFT_M = { least: 160, most: 220 } as const;
/** Rings of resolution-10 cells are this far apart at most (edge 76 m, half the area variation of H3), metres. */
const RING_M = 150;
/** The widest band and the longest shift: what circles are widened by, whatever a device's own are. */
export const BAND_M = MAX_BAND_RINGS * RING_M + SHIFT_M.most;

/** 32 secret bytes; as a KeyObject they cost a quarter of the time. */
export type BandKey = Uint8Array | KeyObject;

/** Rings of a device (its id); `key` is 32 secret bytes, the same on all replicas. */
export function bandRingsOf(key: BandKey, device: string): number {
  const bands = MAX_BAND_RINGS - MIN_BAND_RINGS + 1;
  return MIN_BAND_RINGS + (createHmac('sha256', key).update(`band ${device}`).digest().readUInt32LE() % bands);
}

/**
 * Metres by which every fix of a device is shifted before its region is taken, always the same for that device. Coarse states
 * end after a day, and the band with them: who asks every 25 hours would be told the region of a trembling fix, and that a
 * home is within 20 m of a border; 0.7 % of a cell would be left after a year. Shifted, what trembles is a line that nobody
 * knows: 25 % is left (bench:privacy, A2). Always, not only where no state is, so that a second fix does not undo the first.
 */
export function shiftOf(key: BandKey, device: string): { readonly eastM: number; readonly northM: number } {
  const digest = createHmac('sha256', key).update(`shift ${device}`).digest();
  const angle = (digest.readUInt32LE(0) / 2 ** 32) * 2 * Math.PI;
  const lengthM = SHIFT_M.least + (digest.readUInt32LE(4) / 2 ** 32) * (SHIFT_M.most - SHIFT_M.least);
  return { eastM: lengthM * Math.cos(angle), northM: lengthM * Math.sin(angle) };
}
