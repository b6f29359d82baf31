import { describe, expect, test } from 'vitest';
import { SUPPRESSED } from '../../../src/privacy/anonymity-map.ts';
import { TICK_MS } from '../../../src/privacy/coarse-state.ts';
import { WINDOW_MS } from '../../../src/privacy/count-rule.ts';
import { createNoteVisit, MAX_WAITING, VISIT_RULE, type Visit } from '../../../src/sharing/counts/visits.ts';
import { createWriteBehind } from '../../../src/storage/write-behind.ts';

function setUp() {
  const written: Visit[][] = [];
  const visits = createWriteBehind(
    VISIT_RULE,
    async (batch) => void written.push([...batch]),
    () => {},
  );
  return { note: createNoteVisit(visits.add), stop: visits.stop, written };
}

describe('visits on their way to the store', () => {
  test('go there in one batch, ticks of a device in a region added up, suppressed places left out', async () => {
    const { note, stop, written } = setUp();
    // Twice within the first tick: two applications asked.
    for (const nowMs of [0, 1, TICK_MS, WINDOW_MS - 1]) note('a', 5, nowMs);
    note('b', 5, WINDOW_MS - 1);
    note('c', SUPPRESSED, WINDOW_MS - 1);
    note('a', 5, WINDOW_MS);
    note('a', 6, WINDOW_MS + TICK_MS);
    await stop();
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

  test('wait for the store up to a bound', async () => {
    const { note, stop, written } = setUp();
    for (let i = 0; i < MAX_WAITING + 10; i++) note(`${i}`, 5, 0);
    note('0', 5, TICK_MS);
    await stop();
    expect(written.flat()).toHaveLength(MAX_WAITING);
    expect(written.flat().find((visit) => visit.device === '0')?.ticks).toBe(2);
  });
});
