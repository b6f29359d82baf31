import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createBatches } from '../../src/sharing/batches.ts';
import { createRelease } from '../../src/sharing/release.ts';

describe('nothing', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'performance'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  /** When each of these left that arrived and was decided at these times, in the order of leaving. */
  async function leave(asked: readonly { arrivedMs: number; decidedMs: number }[]): Promise<[number, number][]> {
    const release = createRelease(() => performance.now());
    const left: [number, number][] = [];
    for (const { arrivedMs, decidedMs } of asked)
      setTimeout(
        () => void release.nothing(arrivedMs).then(() => left.push([arrivedMs, performance.now()])),
        decidedMs,
      );
    await vi.advanceTimersByTimeAsync(200);
    return left;
  }

  test('leaves at one beat for all that arrived in one, in the order of arrival, however long each was decided', async () => {
    const startMs = Math.ceil(performance.now() / 5) * 5;
    const left = await leave([
      { arrivedMs: startMs + 1, decidedMs: 12 },
      { arrivedMs: startMs + 2, decidedMs: 3 },
      { arrivedMs: startMs + 4, decidedMs: 5 },
      { arrivedMs: startMs + 6, decidedMs: 7 },
    ]);
    expect(left.map(([arrivedMs]) => arrivedMs - startMs)).toEqual([1, 2, 4, 6]);
    const times = left.map(([, ms]) => ms);
    expect(new Set(times.slice(0, 3)).size).toBe(1);
    expect(times[3]).toBeGreaterThan(times[2]);
  });

  test('leaves also after a time in which nobody waited', async () => {
    const release = createRelease(() => performance.now());
    for (let n = 0; n < 2; n++) {
      let hasLeft = false;
      void release.nothing(performance.now()).then(() => {
        hasLeft = true;
      });
      await vi.advanceTimersByTimeAsync(200);
      expect(hasLeft).toBe(true);
    }
  });

  test('is told 20 to 26 ms after the request came, or at the next beat where deciding took longer', async () => {
    const startMs = performance.now();
    const asked = Array.from({ length: 60 }, (_, i) => ({ arrivedMs: startMs + i, decidedMs: i + (i % 19) }));
    for (const [arrivedMs, ms] of await leave(asked)) {
      expect(ms - arrivedMs).toBeGreaterThanOrEqual(20);
      expect(ms - arrivedMs).toBeLessThanOrEqual(26);
    }
    // Nobody waits any more, so nothing ticks.
    expect(vi.getTimerCount()).toBe(0);
    const late = await leave([{ arrivedMs: performance.now(), decidedMs: 70 }]);
    expect(late[0][1] - late[0][0]).toBeGreaterThanOrEqual(70);
    expect(late[0][1] - late[0][0]).toBeLessThanOrEqual(76);
  });
});

describe('a batch', () => {
  test('gathers while the one before is under way, and answers each in its place', async () => {
    const sizes: number[] = [];
    let began: () => void = () => {};
    const isUnderWay = new Promise<void>((resolve) => {
      began = resolve;
    });
    const batches = createBatches(
      async (asks: readonly number[]) => {
        sizes.push(asks.length);
        began();
        await sleep(5);
        return asks.map((ask) => ask * 2);
      },
      8,
      100,
    );
    const first = batches.add(0);
    await isUnderWay;
    const more = Array.from({ length: 20 }, (_, i) => batches.add(i + 1));
    expect(await Promise.all([first, ...more])).toEqual(Array.from({ length: 21 }, (_, i) => i * 2));
    expect(sizes).toEqual([1, 8, 8, 4]);
    await batches.idle();
  });

  test('sets out while the one before becomes durable, never while it is decided, and no third beside two', async () => {
    const [underWay, deciding, most] = [new Set<number>(), new Set<number>(), { underWay: 0, deciding: 0 }];
    let number = 0;
    const batches = createBatches(
      async (asks: readonly number[], sent) => {
        const own = number++;
        underWay.add(own);
        deciding.add(own);
        most.underWay = Math.max(most.underWay, underWay.size);
        most.deciding = Math.max(most.deciding, deciding.size);
        await sleep(2);
        deciding.delete(own);
        sent();
        await sleep(6);
        underWay.delete(own);
        return [...asks];
      },
      4,
      1_000,
    );
    const asked = Array.from({ length: 10 }, async (_, i) => {
      for (let k = 0; k < 5; k++) expect(await batches.add(i * 5 + k)).toBe(i * 5 + k);
    });
    await Promise.all(asked);
    expect(most).toEqual({ underWay: 2, deciding: 1 });
    await batches.idle();
    expect(underWay.size).toBe(0);
    expect(await batches.add(99)).toBe(99);
  });

  test('that fails fails its own and no other, and a queue that is full turns away at once', async () => {
    let fails = true;
    const batches = createBatches(
      async (asks: readonly number[]) => {
        await sleep(2);
        if (fails) throw new Error('away');
        return [...asks];
      },
      2,
      3,
    );
    const asked = [1, 2, 3, 4].map((ask) => batches.add(ask).catch((error: Error) => error.message));
    expect(await asked[3]).toContain('too many');
    expect(await asked[0]).toBe('away');
    fails = false;
    expect(await Promise.all(asked)).toEqual(['away', 'away', 3, expect.stringContaining('too many')]);
  });
});
