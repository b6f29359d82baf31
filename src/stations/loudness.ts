// How loud an access point was, and how loud two vouch for. Promises: nothing that one contributor says, or several on one day, is
// vouched for, in whatever order it comes. Strengths are dBm, 0 = unknown.
import type { HeardKind, Sighting } from './sighting.ts';
import { isCompany, type Witness } from './witness.ts';

/**
 * `loudestDbm` is the strongest that counted, `vouchedDbm` the strongest that two contributors of one day heard, on each of two days of
 * arrival, or a trusted one; `onceDbm` that of `onceDay`, the day of arrival on which two heard it loudest.
 */
export type Loudness = { loudestDbm: number; vouchedDbm: number; onceDbm: number; onceDay: number };

export function silence(): Loudness {
  return { loudestDbm: 0, vouchedDbm: 0, onceDbm: 0, onceDay: 0 };
}

/** The stronger of two strengths, of which 0 is unknown. */
export function louder(a: number, b: number): number {
  return a === 0 || b === 0 ? a + b : Math.max(a, b);
}

/** Notes how loud a visit of an access point was; `mine` is its contributor of `recent`, null = trusted. */
export function noteLoudest(
  w: Loudness & { recent: readonly Witness[] },
  kind: HeardKind,
  visit: readonly Sighting[],
  mine: Witness | null,
): void {
  if (kind !== 'wifi') return;
  const dbm = visit.reduce((loudest, s) => louder(loudest, saidDbm(s)), 0);
  if (dbm === 0) return;
  w.loudestDbm = louder(w.loudestDbm, dbm);
  if (mine === null) {
    w.vouchedDbm = louder(w.vouchedDbm, dbm);
    return;
  }
  mine.loudDbm = louder(mine.loudDbm, dbm);
  for (const other of w.recent) {
    if (other === mine || other.loudDbm === 0 || !isCompany(other, mine)) continue;
    vouch(w, mine.day, Math.min(other.loudDbm, mine.loudDbm));
  }
}

/** Notes that two contributors of a day of arrival heard it so loud: the second loudest of such days is vouched for. */
function vouch(w: Loudness, day: number, dbm: number): void {
  if (day === w.onceDay) {
    w.onceDbm = louder(w.onceDbm, dbm);
    return;
  }
  const isLoudest = louder(w.onceDbm, dbm) === dbm;
  w.vouchedDbm = louder(w.vouchedDbm, isLoudest ? w.onceDbm : dbm);
  if (!isLoudest) return;
  w.onceDbm = dbm;
  w.onceDay = day;
}

/** A sighting's strength, 0 = unknown. */
export function saidDbm({ dbm }: Sighting): number {
  return dbm < 0 ? dbm : 0;
}
