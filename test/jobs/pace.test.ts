import type { PoolClient } from 'pg';
import { describe, expect, it } from 'vitest';
import { restAfter, unhurried } from '../../src/jobs/pace.ts';

const PACE = { rows: 100, overMs: 60_000, observationsPerS: 25_000, unhurriedToRows: 20_000, hurryFromRows: 100_000 };
const batch = { tookMs: 20, rows: 100, observations: 1_500 };

describe('the pace of a fold beside serving', () => {
  it('spreads what waits over a minute', () => {
    // 30,000 rows are 300 batches, 200 ms from the beginning of one to that of the next.
    expect(restAfter(batch, PACE, 30_000, false)).toBeCloseTo(180);
    expect(restAfter(batch, PACE, 60_000, false)).toBeCloseTo(80);
  });

  it('keeps up with any steady stream below its limit, and lets no more than a minute of it wait', () => {
    for (const arrivingPerS of [5, 100, 700, 1_500]) {
      let waiting = 0;
      for (let run = 0; run < 200; run++) {
        const begun = waiting;
        for (let ms = 0; ms < 7_500; ) {
          const rows = Math.min(100, Math.floor(waiting));
          const tookMs = 20;
          const rest = restAfter({ tookMs, rows, observations: rows * 15 }, PACE, begun, false);
          waiting += (arrivingPerS * (tookMs + rest)) / 1_000 - rows;
          ms += tookMs + rest;
        }
      }
      expect(waiting).toBeLessThan(arrivingPerS * 75 + 100);
    }
  });

  it('folds a few reports within a second each hundred, not one by one', () => {
    expect(restAfter({ ...batch, rows: 3, observations: 45 }, PACE, 3, false)).toBe(1_000);
  });

  it('never exceeds its observations a second, however many a report holds', () => {
    const rest = restAfter({ ...batch, observations: 20_000 }, PACE, 99_000, false);
    expect(20_000 / ((rest + batch.tookMs) / 1_000)).toBeCloseTo(25_000);
  });

  it('pauses before each statement of a batch, but not for ever: others wait for its rows', async () => {
    const done: string[] = [];
    const client = { query: async (text: string) => void done.push(text), processID: 7 } as unknown as PoolClient;
    const speaker = unhurried(client, async () => void done.push('pause'));
    for (let i = 0; i < 300; i++) await speaker.query(`statement ${i}`);
    expect(done.slice(0, 4)).toEqual(['pause', 'statement 0', 'pause', 'statement 1']);
    expect(done.filter((what) => what === 'pause')).toHaveLength(100);
    expect(done.at(-1)).toBe('statement 299');
    expect((speaker as unknown as { processID: number }).processID).toBe(7);
  });

  it('rests as long as it works when too much waits, and always on the embedded store', () => {
    expect(restAfter(batch, PACE, 100_000, false)).toBe(20);
    expect(restAfter(batch, PACE, 5, true)).toBe(20);
    expect(restAfter({ ...batch, tookMs: 30_000 }, PACE, 100_000, false)).toBe(1_000);
  });
});
