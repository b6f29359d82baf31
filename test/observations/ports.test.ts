import { expect, test } from 'vitest';
import { admit } from '../../src/observations/admit.ts';
import { readReport } from '../../src/observations/read-report.ts';
import { createRefusalNotes, MAX_NOTED, MAX_WAITING } from '../../src/observations/refusal-notes.ts';
import { createDrops } from '../../src/observations/report.ts';
import {
  createRoom,
  type Fullness,
  MAX_INBOX_BYTES,
  MAX_PENDING_ROWS,
  MIN_FREE_BYTES,
  REFRESH_MS,
} from '../../src/observations/room.ts';
import {
  createSubmissionCountMemory,
  openSubmissionCounts,
  sumSubmissionCounts,
} from '../../src/observations/submission-counts.ts';
import { KAIOS, NOW_MS } from './bodies.ts';

const EMPTY: Fullness = { pendingRows: 0, bytes: 0, freeBytes: Number.POSITIVE_INFINITY };
const turn = () => new Promise((resolve) => setImmediate(resolve));

test('there is no room when rows, bytes or the disk are at their bounds, and room again when they are not', async () => {
  let full: Fullness = EMPTY;
  let nowMs = 0;
  const told: [boolean, number][] = [];
  const room = createRoom(
    async () => full,
    () => nowMs,
    (hasRoom, { freeBytes }) => told.push([hasRoom, freeBytes]),
  );
  const after = async (next: Fullness) => {
    full = next;
    nowMs += REFRESH_MS;
    room.hasRoom();
    await turn();
    return room.hasRoom();
  };
  expect(await after(EMPTY)).toBe(true);
  expect(await after({ ...EMPTY, pendingRows: MAX_PENDING_ROWS })).toBe(false);
  expect(await after({ ...EMPTY, bytes: MAX_INBOX_BYTES })).toBe(false);
  expect(await after({ ...EMPTY, freeBytes: MIN_FREE_BYTES })).toBe(false);
  expect(
    await after({ pendingRows: MAX_PENDING_ROWS - 1, bytes: MAX_INBOX_BYTES - 1, freeBytes: MIN_FREE_BYTES + 1 }),
  ).toBe(true);
  // Who operates it hears of each turn once.
  expect(told).toEqual([
    [false, Number.POSITIVE_INFINITY],
    [true, MIN_FREE_BYTES + 1],
  ]);
});

test('fullness is measured at most once a period, one measurement at a time, and a failed one changes nothing', async () => {
  let measured = 0;
  let nowMs = 0;
  const room = createRoom(
    () => (measured++ < 1 ? Promise.resolve({ ...EMPTY, bytes: MAX_INBOX_BYTES }) : Promise.reject(new Error('gone'))),
    () => nowMs,
  );
  for (let i = 0; i < 100; i++) room.hasRoom();
  await turn();
  expect([measured, room.hasRoom()]).toEqual([1, false]);
  nowMs += REFRESH_MS;
  room.hasRoom();
  await turn();
  expect([measured, room.hasRoom()]).toEqual([2, false]);
});

test('what is kept and dropped is counted by kind and reason, across threads', () => {
  const memory = createSubmissionCountMemory();
  for (let thread = 0; thread < 2; thread++) {
    const drops = createDrops();
    const admitted = admit([...KAIOS.items, 'junk'].map(readReport), NOW_MS, drops);
    openSubmissionCounts(memory).add(admitted, drops);
  }
  const { kept, dropped } = sumSubmissionCounts(memory);
  expect(kept).toEqual({ reports: 2, wifi: 4, bluetooth: 0, cells: 2 });
  expect(dropped.malformed).toBe(2);
  expect(Object.values(dropped).reduce((sum, n) => sum + n)).toBe(2);
});

test('refusals of calls that come together are written together, once each and bounded, before any of them is answered', async () => {
  const written: number[][] = [];
  let isSlow = Promise.withResolvers<void>();
  const notes = createRefusalNotes(async (macs) => {
    await isSlow.promise;
    written.push([...macs]);
  });
  const answered: string[] = [];
  const calls = [
    notes.note([5, 6, 5, -1]).then(() => answered.push('first')),
    notes.note([6, 7]).then(() => answered.push('second')),
  ];
  await new Promise(setImmediate);
  // Behind the write that is under way.
  calls.push(notes.note([8]).then(() => answered.push('third')));
  await notes.note([-1]);
  expect([written, answered]).toEqual([[], []]);
  isSlow.resolve();
  await Promise.all(calls);
  expect([written, answered]).toEqual([
    [[5, 6, 7], [8]],
    ['first', 'second', 'third'],
  ]);
  isSlow = Promise.withResolvers();
  const most = notes.note(Array.from({ length: MAX_NOTED + 100 }, (_, i) => i + 1));
  isSlow.resolve();
  await most;
  await notes.flush();
  expect(written[2]).toHaveLength(MAX_NOTED);
});

test('refusals that could not be written fail the calls that brought them, and no others', async () => {
  let works = false;
  const notes = createRefusalNotes(async () => {
    if (!works) throw new Error('no store');
  });
  await expect(notes.note([5])).rejects.toThrow('no store');
  works = true;
  await notes.note([6]);
  await notes.flush();
});

test('refusals that there is no room for fail the call that brought them, and are not acknowledged', async () => {
  const written: number[] = [];
  const isSlow = Promise.withResolvers<void>();
  const notes = createRefusalNotes(async (macs) => {
    await isSlow.promise;
    written.push(...macs);
  });
  const call = (n: number) => notes.note(Array.from({ length: MAX_NOTED }, (_, i) => 1 + n * MAX_NOTED + i));
  const first = call(0);
  await new Promise(setImmediate);
  // Behind the write that is under way.
  const waiting = Array.from({ length: MAX_WAITING / MAX_NOTED }, (_, i) => call(i + 1));
  await expect(notes.note([7e9])).rejects.toThrow('too many');
  isSlow.resolve();
  await Promise.all([first, ...waiting]);
  expect(written).toHaveLength(MAX_NOTED + MAX_WAITING);
  expect(written).not.toContain(7e9);
});
