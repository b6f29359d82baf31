import { describe, expect, test, vi } from 'vitest';
import { SUPPRESSED } from '../../../src/privacy/anonymity-map.ts';
import { TICK_MS } from '../../../src/privacy/coarse-state.ts';
import { WINDOW_MS } from '../../../src/privacy/count-rule.ts';
import { createVisits, MAX_WAITING, type Visit } from '../../../src/sharing/counts/visits.ts';

function setUp(fail: () => boolean = () => false) {
  const written: Visit[][] = [];
  const errors: unknown[] = [];
  const visits = createVisits(
    async (batch) => {
      if (fail()) throw new Error('away');
      written.push([...batch]);
    },
    (error) => errors.push(error),
  );
  return { visits, written, errors };
}

describe('visits on their way to the store', () => {
  test('go there in one batch, ticks of a device in a region added up, suppressed places left out', async () => {
    const { visits, written } = setUp();
    // Twice within the first tick: two applications asked.
    for (const nowMs of [0, 1, TICK_MS, WINDOW_MS - 1]) visits.note('a', 5, nowMs);
    visits.note('b', 5, WINDOW_MS - 1);
    visits.note('c', SUPPRESSED, WINDOW_MS - 1);
    visits.note('a', 5, WINDOW_MS);
    visits.note('a', 6, WINDOW_MS + TICK_MS);
    await visits.stop();
    expect(written).toHaveLength(1);
    expect(new Set(written[0])).toEqual(
      new Set([
        { window: 0, device: 'a', region: 5, ticks: 3 },
        { window: 1, device: 'a', region: 5, ticks: 1 },
        { window: 1, device: 'a', region: 6, ticks: 1 },
        { window: 0, device: 'b', region: 5, ticks: 1 },
      ]),
    );
  });

  test('are kept while the store is away, up to a bound, and written when it is back', async () => {
    vi.useFakeTimers();
    try {
      let isAway = true;
      const { visits, written, errors } = setUp(() => isAway);
      for (let i = 0; i < MAX_WAITING + 10; i++) visits.note(`${i}`, 5, 0);
      await vi.advanceTimersByTimeAsync(3_500);
      expect(errors).toHaveLength(3);
      isAway = false;
      visits.note('0', 5, TICK_MS);
      await vi.advanceTimersByTimeAsync(1_500);
      expect(written.flat()).toHaveLength(MAX_WAITING);
      expect(written.flat().find((visit) => visit.device === '0')?.ticks).toBe(2);
      await visits.stop();
      expect(written).toHaveLength(1);
    } finally {
      vi.useRealTimers();
    }
  });
});
