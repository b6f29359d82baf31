import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hashAddress, siteOf, subscriberOf } from '../../src/http/address.ts';
import { createQuotaMemory, MAX_PER_MINUTE, openQuotas } from '../../src/http/quotas.ts';
import { DAY_MS, MINUTE_MS } from '../../src/time/spans.ts';

const SEED = { a: 12345, b: 67890 };
const NOON = Date.UTC(2026, 10, 22, 12);

test('two limits of one key, against a slow count of the same requests', () => {
  const step = fc.record({ aheadMs: fc.integer({ min: 0, max: 3 * MINUTE_MS }), slot: fc.nat(2) });
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 80 }),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 20 }),
      (steps, perMinute, dailyQuota) => {
        const quotas = openQuotas(createQuotaMemory(3), SEED);
        const seen: { slot: number; minute: number; day: number }[] = [];
        let nowMs = NOON + 11 * 3_600_000;
        for (const { aheadMs, slot } of steps) {
          nowMs += aheadMs;
          quotas.sweep(nowMs);
          const minute = Math.floor(nowMs / MINUTE_MS);
          const day = Math.floor(nowMs / DAY_MS);
          const verdict = quotas.take({ slot, perMinute, dailyQuota }, '192.0.2.1', nowMs);
          const inMinute = seen.filter((s) => s.slot === slot && s.minute === minute).length + 1;
          const isOverMinute = inMinute > perMinute;
          const inDay = seen.filter((s) => s.slot === slot && s.day === day).length + 1;
          expect(verdict.refused).toBe(isOverMinute ? 'minute' : inDay > dailyQuota ? 'day' : '');
          if (verdict.refused === '') {
            expect(verdict.remaining).toBe(Math.min(perMinute - inMinute, dailyQuota - inDay));
          }
          // What the minute refused never reached the day.
          seen.push({ slot, minute, day: isOverMinute ? -1 : day });
        }
      },
    ),
    { numRuns: 200 },
  );
});

test('a new day starts at nothing, whatever was counted two days before', () => {
  const quotas = openQuotas(createQuotaMemory(1), SEED);
  const key = { slot: 0, perMinute: null, dailyQuota: 2 };
  for (let day = 0; day < 5; day++) {
    const nowMs = NOON + day * DAY_MS;
    expect([1, 2, 3].map(() => quotas.take(key, '192.0.2.1', nowMs).refused)).toEqual(['', '', 'day']);
    quotas.sweep(nowMs);
  }
});

test('what was counted before a machine slept for two days is not of the day it wakes on', () => {
  const quotas = openQuotas(createQuotaMemory(1), SEED);
  const key = { slot: 0, perMinute: null, dailyQuota: 2 };
  const takeTwo = (nowMs: number) => [1, 2].map(() => quotas.take(key, '192.0.2.1', nowMs).refused);
  quotas.sweep(NOON);
  expect(takeTwo(NOON)).toEqual(['', '']);
  quotas.sweep(NOON + MINUTE_MS);
  expect(quotas.take(key, '192.0.2.1', NOON + MINUTE_MS).refused).toBe('day');
  quotas.sweep(NOON + 2 * DAY_MS);
  expect(takeTwo(NOON + 2 * DAY_MS)).toEqual(['', '']);
});

test('a sweep takes nothing away that was counted today: not the first ever, nor the first after midnight', () => {
  const quotas = openQuotas(createQuotaMemory(1), SEED);
  const key = { slot: 0, perMinute: null, dailyQuota: 2 };
  const midnight = Date.UTC(2026, 10, 23);
  for (const nowMs of [midnight - MINUTE_MS, midnight, midnight + DAY_MS]) {
    for (let i = 0; i < 2; i++) expect(quotas.take(key, '', nowMs).refused).toBe('');
    quotas.sweep(nowMs + 1_000);
    expect(quotas.take(key, '', nowMs + 1_000).refused).toBe('day');
  }
});

test('a verdict says when to come back: the end of the minute, midnight UTC', () => {
  const quotas = openQuotas(createQuotaMemory(1), SEED);
  const minute = quotas.take({ slot: 0, perMinute: 9, dailyQuota: null }, '192.0.2.1', NOON + 15_500);
  expect(minute).toMatchObject({ refused: '', limit: 9, remaining: 8, windowS: 60, resetS: 45 });
  const day = quotas.take({ slot: 0, perMinute: null, dailyQuota: 9 }, '192.0.2.1', NOON);
  expect(day).toMatchObject({ limit: 9, windowS: 86_400, resetS: 43_200 });
});

test('the highest limit of a minute is still enforced: its count never stops below it', () => {
  const quotas = openQuotas(createQuotaMemory(1), SEED);
  const key = { slot: 0, perMinute: MAX_PER_MINUTE, dailyQuota: null };
  for (let i = 0; i < MAX_PER_MINUTE - 1; i++) quotas.take(key, '', NOON);
  expect([1, 2, 3].map(() => quotas.take(key, '', NOON).refused)).toEqual(['', 'minute', 'minute']);
});

test('an address is limited across keys, its neighbours are not, and the next minute is free', () => {
  const quotas = openQuotas(createQuotaMemory(2), SEED, 10);
  const keys = [0, 1].map((slot) => ({ slot, perMinute: null, dailyQuota: null }));
  const of = (address: string, nowMs: number) => quotas.take(keys[nowMs % 2], address, nowMs).refused;
  for (let i = 0; i < 10; i++) expect(of('198.51.100.7', NOON + i)).toBe('');
  expect(of('198.51.100.7', NOON)).toBe('address');
  expect(of('198.51.100.8', NOON)).toBe('');
  expect(of('198.51.100.7', NOON + MINUTE_MS)).toBe('');
});

test('an address that meets another in one row only is not limited by it', () => {
  const ofAddress = (address: string) => {
    const into = { a: 0, b: 0 };
    hashAddress(address, SEED, into);
    return [into.a % 65_536, into.b % 65_536];
  };
  const meets = (row: number) => {
    for (let i = 0; ; i++) {
      const address = `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`;
      const [own, busy] = [ofAddress(address), ofAddress('198.51.100.7')];
      if (own[row] === busy[row] && own[1 - row] !== busy[1 - row]) return address;
    }
  };
  const quotas = openQuotas(createQuotaMemory(1), SEED, 3);
  const key = { slot: 0, perMinute: null, dailyQuota: null };
  for (let i = 0; i < 9; i++) quotas.take(key, '198.51.100.7', NOON);
  for (const row of [0, 1]) expect(quotas.take(key, meets(row), NOON).refused).toBe('');
});

test('without an address limit, and from this machine, nobody is cut', () => {
  const key = { slot: 0, perMinute: null, dailyQuota: null };
  for (const [limit, address] of [
    [0, '198.51.100.7'],
    [1, ''],
  ] as const) {
    const quotas = openQuotas(createQuotaMemory(1), SEED, limit);
    for (let i = 0; i < 5; i++) expect(quotas.take(key, address, NOON).refused).toBe('');
  }
});

test('what other replicas counted uses up the limit too, in their minute and day only', () => {
  const quotas = openQuotas(createQuotaMemory(1), SEED);
  const key = { slot: 0, perMinute: 10, dailyQuota: 20 };
  quotas.setElsewhere(0, NOON, 9, 9);
  expect(quotas.take(key, '192.0.2.1', NOON)).toMatchObject({ refused: '', remaining: 0 });
  expect(quotas.take(key, '192.0.2.1', NOON).refused).toBe('minute');
  expect(quotas.counted(0, NOON)).toEqual({ minute: 2, day: 1 });
  expect(quotas.take(key, '192.0.2.1', NOON + MINUTE_MS)).toMatchObject({ refused: '', remaining: 9 });
});

test('of a day they do so until it is over, and are gone when its turn in the table comes again', () => {
  const quotas = openQuotas(createQuotaMemory(2), SEED);
  const key = { slot: 1, perMinute: null, dailyQuota: 20 };
  for (let day = 0; day < 4; day++) {
    const nowMs = NOON + day * DAY_MS;
    quotas.sweep(nowMs);
    expect(quotas.take(key, '', nowMs)).toMatchObject({ refused: '', remaining: 19 });
    quotas.setElsewhere(1, nowMs, 0, 18);
    expect(quotas.take(key, '', nowMs)).toMatchObject({ refused: '', remaining: 0 });
    expect(quotas.take(key, '', nowMs)).toMatchObject({ refused: 'day', remaining: 0 });
    expect(quotas.take({ ...key, slot: 0 }, '', nowMs).remaining).toBe(19);
  }
});

test('the requests of a key are told by the minute and the day they came in', () => {
  const quotas = openQuotas(createQuotaMemory(1), SEED);
  const late = Date.UTC(2026, 10, 22, 23, 59, 59, 999);
  for (const nowMs of [late - MINUTE_MS, late, late]) quotas.take({ slot: 0, perMinute: 9, dailyQuota: 9 }, '', nowMs);
  expect(quotas.counted(0, late)).toEqual({ minute: 2, day: 3 });
  expect(quotas.counted(0, late + 1)).toEqual({ minute: 0, day: 0 });
});

test('a key that has no row in the table is a bug that is told, and counts in no other row', () => {
  const quotas = openQuotas(createQuotaMemory(2), SEED);
  for (const slot of [-1, 2, 3, Number.NaN])
    expect(() => quotas.take({ slot, perMinute: 9, dailyQuota: null }, '', NOON)).toThrow(RangeError);
  expect([0, 1].map((slot) => quotas.counted(slot, NOON).minute)).toEqual([0, 0]);
});

test('two threads over one memory add up', () => {
  const memory = createQuotaMemory(1);
  const [a, b] = [openQuotas(memory, SEED), openQuotas(memory, SEED)];
  const key = { slot: 0, perMinute: 3, dailyQuota: null };
  const refused = [a, b, a, b].map((quotas) => quotas.take(key, '192.0.2.1', NOON).refused);
  expect(refused).toEqual(['', '', '', 'minute']);
});

function hash(address: string): string {
  const into = { a: 0, b: 0 };
  hashAddress(address, SEED, into);
  return `${into.a}/${into.b}`;
}

test('an IPv6 subscriber is one, whatever the lower 64 bits; a mapped IPv4 is itself', () => {
  expect(hash('2001:db8:1:2:3:4:5:6')).toBe(hash('2001:db8:1:2:ffff::9'));
  expect(hash('2001:db8:1:2::1')).toBe(hash('2001:db8:1:2:a:b:c:d'));
  expect(hash('2001:db8:1:2::1')).not.toBe(hash('2001:db8:1:3::1'));
  expect(hash('::ffff:192.0.2.9')).toBe(hash('192.0.2.9'));
  // As systems write them: the longest run of zeros short, wherever it is.
  for (const [short, long] of [
    ['2001:db8::a:b:c:d', '2001:db8:0:0:1::'],
    ['2001::5:a:b:c:d', '2001:0:0:5::1'],
    ['::a:b:c:d', '0:0:0:0:1::'],
    ['2001:db8:1::', '2001:db8:1:0:1::1'],
  ]) {
    expect(hash(short)).toBe(hash(long));
    expect(subscriberOf(short)).toBe(subscriberOf(long));
  }
  expect(hash('2001:db8::a:b:c:d')).not.toBe(hash('2001:db8::1:a:b:c:d'));
  expect(hash('2001::5:a:b:c:d')).not.toBe(hash('2001::6:a:b:c:d'));
  expect(hash('192.0.2.9')).not.toBe(hash('192.0.2.8'));
});

test('the port that some proxies write behind an address is no part of it', () => {
  expect(hash('192.0.2.9:5555')).toBe(hash('192.0.2.9'));
  expect(hash('192.0.2.9:5555')).not.toBe(hash('192.0.2.8:5555'));
  expect(subscriberOf('192.0.2.9:5555')).toBe('192.0.2.9');
  expect(subscriberOf('::ffff:192.0.2.9')).toBe('192.0.2.9');
  expect(subscriberOf('2001:db8:1:2:3::4')).toBe('2001:db8:1:2');
});

test('a site is all that one owner of IPv6 may have, and one address of IPv4', () => {
  expect(siteOf('192.0.2.9')).toBe('192.0.2.9');
  expect(siteOf('::ffff:192.0.2.9')).toBe('192.0.2.9');
  expect(siteOf('2001:db8:1:2:3::4')).toBe('2001:db8:1');
  expect(siteOf('2001:db8:1:ffff::4')).toBe(siteOf('2001:db8:1:2:3::4'));
  expect(siteOf('2001:db8::4')).toBe('2001:db8:0');
  expect(siteOf('2001:db8::4')).toBe(siteOf('2001:db8:0:1:2:3:4:5'));
});

test('addresses spread over both rows like dice', () => {
  const seen = [new Set<number>(), new Set<number>()];
  const into = { a: 0, b: 0 };
  for (let i = 0; i < 4096; i++) {
    hashAddress(`10.${i >> 8}.7.${i & 255}`, SEED, into);
    seen[0].add(into.a % 65_536);
    seen[1].add(into.b % 65_536);
  }
  // 4,096 dice of 65,536 sides show about 3,970 different sides.
  for (const sides of seen) expect(sides.size).toBeGreaterThan(3_900);
});
