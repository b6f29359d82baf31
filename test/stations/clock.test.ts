import { expect, test } from 'vitest';
import { blockedFrom, comeBack, datedAt, isAhead } from '../../src/stations/clock.ts';
import { unknownStation } from '../../src/stations/fold.ts';
import { createWhereabouts } from '../../src/stations/whereabouts.ts';
import { DAY_MS, HOUR_MS } from '../../src/time/spans.ts';
import { foldDays, HOME, sight } from './sightings.ts';

const NOON = Date.UTC(2026, 10, 22, 12);
const modified = (modifiedAt: number | null) => ({ ...unknownStation().believed, modifiedAt });

test('a change is dated to the hour, however late in it', () => {
  for (const afterMs of [0, 1, HOUR_MS - 1])
    for (const before of [null, NOON - DAY_MS]) expect(datedAt(modified(before), NOON + afterMs)).toBe(NOON);
});

test('but not before an import of this hour, which would win again when it is run again; nor by one of days to come', () => {
  expect(datedAt(modified(NOON + 1234), NOON + HOUR_MS - 1)).toBe(NOON + 1234);
  expect(datedAt(modified(NOON + DAY_MS), NOON)).toBe(NOON + DAY_MS);
  expect(datedAt(modified(NOON + DAY_MS + 1), NOON)).toBe(NOON);
});

test('a block is dated to the hour to come, and to this one at its beginning', () => {
  expect([0, 1, HOUR_MS].map((afterMs) => blockedFrom(NOON + afterMs))).toEqual([NOON, NOON + HOUR_MS, NOON + HOUR_MS]);
});

test('clocks that are right differ by a day at most', () => {
  expect([0, DAY_MS, DAY_MS + 1].map((aheadMs) => isAhead(NOON + aheadMs, NOON))).toEqual([false, false, true]);
});

/** What a gateway left behind whose clock was at noon of `day`: a station that was heard, blocked and told to ride along then. */
function leftBehind(day: number) {
  const timeMs = day * DAY_MS + 12 * HOUR_MS;
  const heard = sight(0, 7, HOME, { timeMs, receivedAtMs: timeMs });
  const { believed, whereabouts } = foldDays('wifi', [[heard]]);
  return {
    believed: { ...believed, lastSeenAt: timeMs, blockedAt: timeMs, blockCount: 1 },
    whereabouts: { ...whereabouts, strayFirst: day, strayLast: day, onceDay: day, onceDbm: -50 },
  };
}

test('of a clock that ran ahead nothing is left but the present, and nobody whom it told apart', () => {
  const today = Math.floor(NOON / DAY_MS);
  const { believed, whereabouts } = leftBehind(today + 400);
  comeBack(believed, whereabouts, NOON + 1);
  expect(believed).toMatchObject({ lastSeenAt: today * DAY_MS, blockedAt: NOON + HOUR_MS, blockCount: 1 });
  const { firstDay, lastDay, strayFirst, strayLast, onceDay, onceDbm, recent } = whereabouts;
  expect([firstDay, lastDay, strayFirst, strayLast]).toEqual(Array(4).fill(today));
  expect([onceDay, onceDbm, recent]).toEqual([0, 0, []]);
  const days = { lastDay: today, firstHalf: 2 * today, lastHalf: 2 * today, seenBy: 0 };
  expect(whereabouts.tiles).toMatchObject([days]);
});

test('of a clock that is right all is left as it is, tomorrow too, where it is already that', () => {
  const today = Math.floor(NOON / DAY_MS);
  for (const day of [today - 400, today, today + 1]) {
    const [before, after] = [leftBehind(day), leftBehind(day)];
    comeBack(after.believed, after.whereabouts, NOON + 1);
    expect(after).toEqual(before);
  }
  const [never, empty] = [unknownStation().believed, createWhereabouts()];
  comeBack(never, empty, NOON);
  expect([never, empty]).toEqual([unknownStation().believed, createWhereabouts()]);
});
