// The words of this room: a report as a client sent it, and what is left of it once admitted. Whatever shape it arrived in
// (three are in use), it becomes these. Promises: types, bounds and the closed list of reasons; a network's name is not
// among the fields, so nothing behind the reader can store one.

import type { Radio } from '../radio/cell.ts';
import type { FixSource } from '../radio/fix-source.ts';

/** Items read in one call, and transmitters read in one item; more of either is not what one phone sends at once. */
export const MAX_ITEMS = 1_000;
export const MAX_STATIONS = 256;

/** A position as sent. Degrees, metres, m/s; NaN = not sent. `ageMs` >= 0 before the report's time, NaN = not sent. */
export type Fix = {
  lat: number;
  lon: number;
  accuracyM: number;
  altitudeM: number;
  speedMps: number;
  ageMs: number;
  source: FixSource;
};

/**
 * An access point or beacon as sent: `mac` -1 = unreadable, `dbm` UNKNOWN_DBM = none, `ageMs` NaN = not sent. `refuses` = it
 * says no in its name; `optedOut` = that, or it is hidden.
 */
export type MacHeard = { mac: number; dbm: number; ageMs: number; optedOut: boolean; refuses: boolean };

/** A cell as sent: `radio` 0 = none we know; `area`, `cellId` 0 = not sent; `psc`, `timingAdvance` -1 = not sent. */
export type CellHeard = {
  radio: Radio | 0;
  mcc: number;
  mnc: number;
  area: number;
  cellId: number;
  psc: number;
  timingAdvance: number;
  dbm: number;
  ageMs: number;
  serving: boolean;
};

/**
 * One item of a call, read but not yet judged. `timeMs` NaN = none. `beyond` counts entries over MAX_STATIONS, of which only those are
 * kept whose names say no (`refusedBeyond`), or that and hidden ones (`optedOutBeyond`).
 */
export type Report = {
  timeMs: number;
  fix: Fix | null;
  wifi: MacHeard[];
  bluetooth: MacHeard[];
  cells: CellHeard[];
  beyond: number;
  optedOutBeyond: number[];
  refusedBeyond: number[];
};

/** A transmitter that may teach: `ageMs` = when it was heard before (+) or after (-) the fix, NaN = neither said. */
export type MacSeen = { mac: number; dbm: number; ageMs: number };
export type CellSeen = Omit<CellHeard, 'radio'> & { radio: Radio };

/** A neighbouring cell known by its physical identity only: says in which part of the others' reach the phone was. */
export type NeighbourSeen = { radio: Radio; psc: number; dbm: number };

/** What is learnt from: one place, one hour, what was heard there. `accuracyM`, `speedMps` NaN = unknown. */
export type AdmittedReport = {
  lat: number;
  lon: number;
  accuracyM: number;
  speedMps: number;
  /** True if the position may rest on more than satellites. */
  fused: boolean;
  /** Epoch ms, floored to the hour. */
  timeMs: number;
  wifi: MacSeen[];
  bluetooth: MacSeen[];
  cells: CellSeen[];
  neighbours: NeighbourSeen[];
};

/** Why something was not taken, or (clockUnset) taken with the time of arrival. Closed: counted under these names. */
export const DROP_REASONS = [
  // the whole report
  'malformed',
  'noPosition',
  'impossiblePosition',
  'lookedUp',
  'airborne',
  'fast',
  'inaccurate',
  'nothingHeard',
  'clockUnset',
  // one transmitter in it, or the fix
  'switchedOff',
  'tooMany',
  'unreadable',
  'unusableMac',
  'locallyAdministered',
  'optedOut',
  'badCell',
  'stale',
  'smeared',
  'inaccurateForMac',
  'repeated',
] as const;
export type DropReason = (typeof DROP_REASONS)[number];

/** Counts by reason. */
export type Drops = Record<DropReason, number>;

export function createDrops(): Drops {
  return Object.fromEntries(DROP_REASONS.map((reason) => [reason, 0])) as Drops;
}
