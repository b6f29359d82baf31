// The times that the fold writes. Promises: pure; none finer than the hour (to the millisecond a position's or block's named all
// that one upload taught, a walk in its order: L6); a gateway whose clock ran ahead for a while leaves nothing behind for longer:
// what it dated to days to come is dated to the present when the station is heard again, else that would learn nothing, nor be
// unblocked nor forgotten, until those days have come.
import { DAY_MS, HOUR_MS } from '../time/spans.ts';
import type { Evidence } from './station.ts';
import { emptySlots, HALF_DAY_MS, type Whereabouts } from './whereabouts.ts';

/** True for a time further ahead of the present than clocks that are right differ. */
export function isAhead(timeMs: number, nowMs: number): boolean {
  return timeMs > nowMs + DAY_MS;
}

/** The hour, but never before what an import dated more finely: it would win again when it is run again. */
export function datedAt({ modifiedAt }: Evidence, nowMs: number): number {
  const before = modifiedAt === null || isAhead(modifiedAt, nowMs) ? 0 : modifiedAt;
  return Math.max(before, Math.floor(nowMs / HOUR_MS) * HOUR_MS);
}

/** The hour to come, since what is heard is dated to the hour gone: 48 hours are not 47. */
export function blockedFrom(nowMs: number): number {
  return Math.ceil(nowMs / HOUR_MS) * HOUR_MS;
}

/** Takes back to the present what lies ahead of it. Who was told apart on a day to come vouches for nobody. */
export function comeBack(believed: Evidence, w: Whereabouts, nowMs: number): void {
  const today = Math.floor(nowMs / DAY_MS);
  const back = (day: number) => (isAhead(day * DAY_MS, nowMs) ? today : day);
  const backHalf = (half: number) => (isAhead(half * HALF_DAY_MS, nowMs) ? 2 * today : half);
  if (isAhead(believed.lastSeenAt ?? 0, nowMs)) believed.lastSeenAt = today * DAY_MS;
  if (isAhead(believed.blockedAt ?? 0, nowMs)) believed.blockedAt = blockedFrom(nowMs);
  for (const field of ['firstDay', 'lastDay', 'strayFirst', 'strayLast'] as const) w[field] = back(w[field]);
  for (const tile of w.tiles) {
    tile.lastDay = back(tile.lastDay);
    tile.firstHalf = backHalf(tile.firstHalf);
    tile.lastHalf = backHalf(tile.lastHalf);
  }
  emptySlots(w, ({ day }) => isAhead(day * DAY_MS, nowMs));
  if (!isAhead(w.onceDay * DAY_MS, nowMs)) return;
  w.onceDay = 0;
  w.onceDbm = 0;
}
