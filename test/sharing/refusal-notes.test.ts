import { expect, test } from 'vitest';
import { createRefusalNotes } from '../../src/sharing/refusal-notes.ts';

const ask = { application: 'app', purpose: 'dpv:ServiceProvision', tokenHash: Buffer.alloc(32) };

test('a refusal is one row of a batch, and of a tick once that row is durable, not before', () => {
  const begin = createRefusalNotes();
  const failed = begin(7);
  expect([failed.isNoted('phone', ask), failed.isNoted('phone', ask)]).toEqual([false, true]);
  // Its transaction was undone, or is still under way.
  const written = begin(7);
  expect(written.isNoted('phone', ask)).toBe(false);
  written.keep();
  expect(begin(7).isNoted('phone', ask)).toBe(true);
  for (const other of [{ application: 'other' }, { purpose: 'dpv:DirectMarketing' }])
    expect(begin(7).isNoted('phone', { ...ask, ...other })).toBe(false);
  expect(begin(7).isNoted('another phone', ask)).toBe(false);
  const late = begin(7);
  expect(begin(8).isNoted('phone', ask)).toBe(false);
  // A batch of the tick before, written down when the next has begun.
  late.isNoted('late phone', ask);
  late.keep();
  expect(begin(8).isNoted('late phone', ask)).toBe(false);
});
