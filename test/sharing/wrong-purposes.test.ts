import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createWrongPurposeNotes } from '../../src/sharing/wrong-purposes.ts';

function setUp() {
  const store = { isAway: false };
  const rows: string[] = [];
  const errors: unknown[] = [];
  const append = async (application: string, tick: number) => {
    await setImmediate();
    if (store.isAway) throw new Error('away');
    rows.push(`${application} ${tick}`);
  };
  return { store, rows, errors, note: createWrongPurposeNotes(append, (error) => errors.push(error)) };
}

async function settle() {
  for (let i = 0; i < 3; i++) await setImmediate();
}

test('however often an application asks wrongly in a tick, the ledger says so once', async () => {
  const { rows, note } = setUp();
  for (const [application, tick] of [
    ['a', 1],
    ['a', 1],
    ['b', 1],
    ['a', 2],
  ] as const)
    note(application, tick);
  await settle();
  note('a', 2);
  await settle();
  expect(rows).toEqual(['a 1', 'b 1', 'a 2']);
});

test('a refusal that the store did not take is written when the application asks again', async () => {
  const { store, rows, errors, note } = setUp();
  store.isAway = true;
  note('a', 1);
  note('a', 1);
  await settle();
  expect([rows, errors.length]).toEqual([[], 1]);
  store.isAway = false;
  note('a', 1);
  await settle();
  note('a', 1);
  await settle();
  expect(rows).toEqual(['a 1']);
});
