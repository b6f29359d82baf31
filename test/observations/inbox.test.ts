import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  createInbox,
  type InboxRow,
  MAX_BATCH_ROWS,
  MAX_WAITING_ROWS,
  packRows,
} from '../../src/observations/inbox.ts';
import { admitted } from '../support/admitted.ts';
import { AT_REST } from '../support/at-rest.ts';

const report = (lat: number) => admitted({ lat, wifi: [{ mac: 0x001122334455, dbm: -60, ageMs: 0 }] });
const dayKey = Buffer.alloc(32, 1);
const rowsOf = (n: number, from = 0) =>
  packRows(
    Array.from({ length: n }, (_, i) => report((from + i) / 1e4)),
    { tag: 5, dayKey, trusted: false },
    0,
    AT_REST.payloads,
  );
const fillRandom = (into: Uint32Array) => {
  crypto.getRandomValues(into);
};

/** An insert that is finished by hand. */
function heldInsert() {
  const batches: { rows: readonly InboxRow[]; done: () => void; fail: (error: Error) => void }[] = [];
  const insert = (rows: readonly InboxRow[]) => new Promise<void>((done, fail) => batches.push({ rows, done, fail }));
  return { batches, inbox: createInbox({ insert, fillRandom }) };
}
const turn = () => new Promise((resolve) => setTimeout(resolve, 5));

test('a call that comes on the heels of the answer to the one before is written too', async () => {
  const inbox = createInbox({ insert: async () => {}, fillRandom });
  for (let n = 1; n < 10; n++) expect(await inbox.put(rowsOf(n))).toBe(true);
  expect(inbox.waiting()).toBe(0);
});

test('calls that come together share one insert, and those that come meanwhile the next', async () => {
  const { batches, inbox } = heldInsert();
  const first = [inbox.put(rowsOf(1)), inbox.put(rowsOf(2))];
  await turn();
  const second = [inbox.put(rowsOf(3)), inbox.put(rowsOf(4))];
  await turn();
  expect(batches.map(({ rows }) => rows.length)).toEqual([3]);
  batches[0].done();
  expect(await Promise.all(first)).toEqual([true, true]);
  await turn();
  expect(batches.map(({ rows }) => rows.length)).toEqual([3, 7]);
  batches[1].done();
  expect(await Promise.all(second)).toEqual([true, true]);
  await inbox.flushed();
  expect(inbox.waiting()).toBe(0);
});

test('nothing is acknowledged before its insert is done', async () => {
  const { batches, inbox } = heldInsert();
  let acknowledged = false;
  const call = inbox.put(rowsOf(1)).then(() => {
    acknowledged = true;
  });
  await turn();
  expect(acknowledged).toBe(false);
  batches[0].done();
  await call;
});

test('a failed insert fails its calls and no others', async () => {
  const { batches, inbox } = heldInsert();
  const failing = inbox.put(rowsOf(1));
  await turn();
  const fine = inbox.put(rowsOf(1));
  batches[0].fail(new Error('store is gone'));
  await expect(failing).rejects.toThrow('store is gone');
  await turn();
  batches[1].done();
  expect(await fine).toBe(true);
  await inbox.flushed();
  expect(inbox.waiting()).toBe(0);
});

test('beyond the bound a call is turned away at once, and taken again when there is room', async () => {
  const { batches, inbox } = heldInsert();
  const accepted = Array.from({ length: MAX_WAITING_ROWS / 1000 }, () => inbox.put(rowsOf(1000)));
  expect(await inbox.put(rowsOf(1))).toBe(false);
  let done = 0;
  const all = Promise.all(accepted);
  while (inbox.waiting() > 0) {
    await turn();
    for (; done < batches.length; done++) {
      expect(batches[done].rows.length).toBeLessThanOrEqual(MAX_BATCH_ROWS);
      batches[done].done();
    }
  }
  expect((await all).every((stored) => stored)).toBe(true);
  const again = inbox.put(rowsOf(1));
  await turn();
  batches[done].done();
  expect(await again).toBe(true);
});

test('so it is beyond as many bytes, of calls that are being written too, until they are', async () => {
  const { batches, inbox } = heldInsert();
  /** 64 bytes of a row are not its payload: sixteen of these are 16 MiB. */
  const [one] = rowsOf(1).map((row) => ({ ...row, payload: Buffer.alloc(1024 ** 2 - 64) }));
  const first = inbox.put(Array.from({ length: 10 }, () => one));
  await turn();
  const second = inbox.put(Array.from({ length: 6 }, () => one));
  expect(await inbox.put(rowsOf(1))).toBe(false);
  batches[0].done();
  expect(await first).toBe(true);
  await turn();
  const third = inbox.put(Array.from({ length: 10 }, () => one));
  expect(await inbox.put(rowsOf(1))).toBe(false);
  batches[1].fail(new Error('store is gone'));
  await expect(second).rejects.toThrow('store is gone');
  await turn();
  batches[2].done();
  expect(await third).toBe(true);
});

test('an insert holds as many whole calls as fit, and one that is larger alone', async () => {
  const { batches, inbox } = heldInsert();
  const [one] = rowsOf(1);
  const calls = [MAX_BATCH_ROWS / 2, MAX_BATCH_ROWS / 2, MAX_BATCH_ROWS + 1, 1];
  const stored = calls.map((rows) => inbox.put(Array(rows).fill(one)));
  for (let n = 0; n < 3; n++) {
    await turn();
    batches[n].done();
  }
  expect(await Promise.all(stored)).toEqual(Array(4).fill(true));
  expect(batches.map(({ rows }) => rows.length)).toEqual([MAX_BATCH_ROWS, MAX_BATCH_ROWS + 1, 1]);
});

test('a call of nothing is stored at once, without the store', async () => {
  const { batches, inbox } = heldInsert();
  expect(await inbox.put([])).toBe(true);
  await turn();
  expect(batches).toEqual([]);
});

test('every row is written once, in an order that tells nothing', async () => {
  const written: InboxRow[] = [];
  const inbox = createInbox({ insert: async (rows) => void written.push(...rows), fillRandom });
  const rows = rowsOf(1000);
  await inbox.put(rows);
  expect(written).toHaveLength(1000);
  expect(new Set(written.map((row) => row.digest.toString('hex')))).toEqual(
    new Set(rows.map((row) => row.digest.toString('hex'))),
  );
  const atHome = written.filter((row, i) => row === rows[i]).length;
  // One in a thousand stays by chance on average; 20 would be a 1e-17 event.
  expect(atHome).toBeLessThan(20);
});

test('a digest tells contributors, trust and contents apart and nothing else', () => {
  const digest = (lat: number, tag: number, trusted: boolean, hour: number) =>
    packRows([report(lat)], { tag, dayKey, trusted }, hour, AT_REST.payloads)[0].digest.toString('hex');
  expect(digest(1, 2, false, 3)).toBe(digest(1, 2, false, 4));
  fc.assert(
    fc.property(
      fc.tuple(fc.integer({ min: 0, max: 80 }), fc.nat(), fc.boolean()),
      fc.tuple(fc.integer({ min: 0, max: 80 }), fc.nat(), fc.boolean()),
      (a, b) => {
        expect(digest(...a, 0) === digest(...b, 0)).toBe(a.join() === b.join());
      },
    ),
  );
});
