import { describe, expect, test } from 'vitest';
import type { Caller } from '../../src/http/caller.ts';
import { createStrayMemory, openStrayBudget, type StrayLimits } from '../../src/http/stray-budget.ts';
import { DAY_MS } from '../../src/time/spans.ts';

const PHONES = { id: 'maker', class: 'device', slot: 0, perMinute: null, dailyQuota: null } as Caller;
const PARTNER = { ...PHONES, id: 'partner', class: 'partner', slot: 1 } as Caller;
const LIMITS: StrayLimits = { device: 3, address: 10, partnerKey: 5 };
const NOON = Date.UTC(2026, 10, 22, 12);
const HOME = '192.0.2.7';
const NONE = { count: 0, mac: new Float64Array(4), lat: 0, lon: 0 };

/** A request from there. */
const from = (address: string) => ({ address });
const fromAddress = (request: ReturnType<typeof from>) => request.address;

function openBudget(limits: Partial<StrayLimits> = {}, memory = createStrayMemory(2)) {
  const budget = openStrayBudget(memory, { a: 17, b: 23 }, { ...LIMITS, ...limits }, fromAddress);
  const strays = (macs: readonly number[], lat = 52, lon = 5) => ({
    ...{ wifi: { count: macs.length, mac: Float64Array.from(macs), lat, lon } },
    bluetooth: NONE,
  });
  return {
    ...budget,
    isSpent: (caller: Caller, token: string | null, address: string, nowMs: number) =>
      budget.isSpent(caller, token, from(address), nowMs),
    strays,
    /** `n` look-ups, each with a stray of its own. */
    test(caller: Caller, token: string | null, address: string, n: number, first = 0, nowMs = NOON) {
      for (let i = first; i < first + n; i++)
        budget.note(caller, token, from(address), strays([0xa0b1c2000000 + i, 7]), nowMs);
    },
    /** `n` look-ups as phones make them. */
    ask(caller: Caller, n: number, nowMs = NOON) {
      for (let i = 0; i < n; i++) budget.note(caller, null, from(HOME), strays([]), nowMs);
    },
  };
}

describe('strays of a day', () => {
  test('are counted for a phone by its token, and neither for its neighbours nor for the next day', () => {
    const budget = openBudget();
    budget.test(PHONES, 'token', HOME, 2);
    expect(budget.isSpent(PHONES, 'token', HOME, NOON)).toBe(false);
    budget.test(PHONES, 'token', HOME, 1, 2);
    expect(budget.isSpent(PHONES, 'token', HOME, NOON)).toBe(true);
    expect(budget.isSpent(PHONES, 'token', '203.0.113.9', NOON)).toBe(true);
    expect(budget.isSpent(PHONES, 'other', HOME, NOON)).toBe(false);
    expect(budget.isSpent(PHONES, null, HOME, NOON)).toBe(false);
    expect(budget.isSpent(PHONES, 'token', HOME, NOON + DAY_MS)).toBe(false);
  });

  test('that a partner asks about with a phone’s token are not the phone’s, nor another partner’s', () => {
    const budget = openBudget({ partnerKey: 100 });
    const rival = { ...PARTNER, id: 'rival', slot: 0 };
    budget.test(PARTNER, 'token', HOME, 5);
    expect(budget.isSpent(PARTNER, 'token', HOME, NOON)).toBe(true);
    expect(budget.isSpent(rival, 'token', HOME, NOON)).toBe(false);
    expect(budget.isSpent(PHONES, 'token', '203.0.113.9', NOON)).toBe(false);
    // Nor does anybody learn what was asked about: the same strays are new to each.
    budget.test(rival, 'token', HOME, 3);
    expect(budget.isSpent(rival, 'token', HOME, NOON)).toBe(true);
  });

  test('are counted for an address whatever tokens are made up, and not where no address is', () => {
    const budget = openBudget();
    for (let i = 0; i < 10; i++) budget.test(PHONES, `made up ${i}`, HOME, 1, i);
    expect(budget.isSpent(PHONES, 'fresh', HOME, NOON)).toBe(true);
    expect(budget.isSpent(PHONES, null, HOME, NOON)).toBe(true);
    expect(budget.isSpent(PHONES, null, '192.0.2.8', NOON)).toBe(false);
    budget.test(PHONES, null, '', 50);
    expect(budget.isSpent(PHONES, null, '', NOON)).toBe(false);
  });

  test('are counted for a key of a partner, wherever it asks from, beside a fiftieth of its look-ups; no maker’s key is spent', () => {
    const budget = openBudget();
    budget.test(PARTNER, null, HOME, 5);
    expect(budget.isSpent(PARTNER, null, '203.0.113.9', NOON)).toBe(true);
    expect(budget.isSpent(PHONES, null, HOME, NOON)).toBe(false);
    // Look-ups of phones earn it more.
    budget.ask(PARTNER, 50);
    expect(budget.isSpent(PARTNER, null, HOME, NOON)).toBe(false);
    budget.test(PARTNER, null, HOME, 1, 5);
    expect(budget.isSpent(PARTNER, null, HOME, NOON)).toBe(true);
    expect(budget.isSpent(PARTNER, null, HOME, NOON + DAY_MS)).toBe(false);
    for (let i = 0; i < 300; i++) budget.test(PHONES, null, `198.51.100.${i % 100}`, 1, i);
    expect(budget.isSpent(PHONES, null, '203.0.113.9', NOON)).toBe(false);
  });

  test('count once for the same stations at the same place, and again for others, or another place', () => {
    const budget = openBudget();
    const hear = (macs: number[], lat = 52, lon = 5) =>
      budget.note(PHONES, 'token', from(HOME), budget.strays(macs, lat, lon), NOON);
    for (let i = 0; i < 100; i++) hear([1, 2], 52 + i * 1e-6);
    hear([1, 2], 52.5);
    expect(budget.isSpent(PHONES, 'token', HOME, NOON)).toBe(false);
    hear([1, 3]);
    expect(budget.isSpent(PHONES, 'token', HOME, NOON)).toBe(true);
  });

  test('of one asker are new whether or not another asked about them', () => {
    const budget = openBudget();
    budget.test(PHONES, 'one', HOME, 2);
    budget.test(PHONES, 'two', HOME, 3);
    expect(budget.isSpent(PHONES, 'two', HOME, NOON)).toBe(true);
    // Also of two partners behind one address that name no phone.
    budget.test({ ...PARTNER, id: 'rival', slot: 0 }, null, HOME, 5);
    budget.test(PARTNER, null, HOME, 5);
    expect(budget.isSpent(PARTNER, null, HOME, NOON)).toBe(true);
  });

  test('of beacons count like those of access points', () => {
    const budget = openBudget();
    for (let i = 0; i < 3; i++)
      budget.note(PHONES, 'token', from(HOME), { wifi: NONE, bluetooth: budget.strays([i, 9]).wifi }, NOON);
    expect(budget.isSpent(PHONES, 'token', HOME, NOON)).toBe(true);
  });

  test('are counted by all threads together', () => {
    const memory = createStrayMemory(2);
    const [one, two] = [openBudget({}, memory), openBudget({}, memory)];
    one.test(PHONES, 'token', HOME, 2);
    two.test(PHONES, 'token', HOME, 1, 2);
    expect([one, two].map((budget) => budget.isSpent(PHONES, 'token', HOME, NOON))).toEqual([true, true]);
  });

  test('are not limited where the limit is 0', () => {
    const budget = openBudget({ device: 0, address: 0, partnerKey: 0 });
    budget.test(PHONES, 'token', HOME, 50);
    budget.test(PARTNER, null, HOME, 50);
    expect(budget.isSpent(PHONES, 'token', HOME, NOON) || budget.isSpent(PARTNER, null, HOME, NOON)).toBe(false);
  });

  test.each<[string, Partial<StrayLimits>, Caller, string | null, string]>([
    ['phones', { device: 0 }, PHONES, 'token', ''],
    ['addresses', { address: 0 }, PHONES, null, HOME],
    ['keys of partners', { partnerKey: 0 }, PARTNER, null, HOME],
  ])(
    'of %s are not limited by a limit of 0 where others are limited and spent',
    (_, limits, caller, token, address) => {
      const budget = openBudget(limits);
      for (const spent of ['spent', null]) budget.test(PHONES, spent, '203.0.113.1', 20);
      budget.test(PARTNER, null, '203.0.113.1', 20);
      expect(budget.isSpent(PHONES, 'spent', '203.0.113.1', NOON)).toBe(true);
      budget.test(caller, token, address, 20, 100);
      expect(budget.isSpent(caller, token, address, NOON)).toBe(false);
    },
  );

  test('of a phone are its own with whichever key of a maker it asks', () => {
    const budget = openBudget();
    budget.test(PHONES, 'token', HOME, 3);
    expect(budget.isSpent({ ...PHONES, id: 'other maker', slot: 1 }, 'token', '203.0.113.9', NOON)).toBe(true);
  });

  test('of one request weigh once, however often it is located', () => {
    const budget = openBudget({ device: 0 });
    const request = from(HOME);
    for (let i = 0; i < 200; i++) budget.note(PARTNER, null, request, budget.strays([i, 9]), NOON);
    budget.test(PARTNER, null, HOME, 3, 200);
    expect(budget.isSpent(PARTNER, null, HOME, NOON)).toBe(false);
    budget.test(PARTNER, null, HOME, 1, 203);
    expect(budget.isSpent(PARTNER, null, HOME, NOON)).toBe(true);
  });

  test('of one request count for those after it, however often it is located', () => {
    const budget = openStrayBudget(createStrayMemory(2), { a: 17, b: 23 }, LIMITS, fromAddress);
    const { strays } = openBudget();
    const last = from(HOME);
    const isSpent = (request: typeof last) => budget.isSpent(PHONES, 'token', request, NOON);
    for (let i = 0; i < LIMITS.device; i++) {
      const request = i === LIMITS.device - 1 ? last : from(HOME);
      expect(isSpent(request)).toBe(false);
      budget.note(PHONES, 'token', request, strays([i, 9]), NOON);
    }
    expect(isSpent(last)).toBe(false);
    const next = from(HOME);
    expect(isSpent(next)).toBe(true);
    budget.note(PHONES, 'token', next, strays([]), NOON);
    expect(isSpent(next)).toBe(true);
  });

  test('of ten thousand askers, one each, spend nobody’s budget by meeting in the table', () => {
    const budget = openBudget();
    budget.test(PHONES, 'who is spent', '', 3);
    expect(budget.isSpent(PHONES, 'who is spent', '', NOON)).toBe(true);
    for (let i = 0; i < 10_000; i++) budget.test(PHONES, `token ${i}`, `10.${i >> 8}.${i & 255}.1`, 1);
    let spent = 0;
    for (let i = 0; i < 10_000; i++)
      if (budget.isSpent(PHONES, `token ${i}`, `10.${i >> 8}.${i & 255}.1`, NOON)) spent++;
    expect(spent).toBe(0);
  });
});
