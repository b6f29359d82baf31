import type { ClientBase } from 'pg';
import { beforeEach, describe, expect, test } from 'vitest';
import { type Chain, LedgerHeadGone } from '../../src/disclosures/chain.ts';
import { KIND, type LedgerEntry, PRECISION } from '../../src/disclosures/entry.ts';
import { dropAgedRows, droppedDetail, LEDGER_TTL_MS } from '../../src/disclosures/store.ts';
import { openPool } from '../../src/storage/pool.ts';
import { openTestStore } from '../support/store.ts';
import { tamper } from '../support/tamper.ts';
import { entry, NOW, testChain, verify } from './ledger.ts';

const { pool, address } = await openTestStore();
const inChain = testChain(pool);

beforeEach(async () => {
  await tamper(pool, 'delete from ledger');
  await pool.query(`update ledger_head set seq = 0, hash = '', dropped_seq = 0, dropped_hash = ''`);
});

/** Writes rows with these times, one transaction each. */
async function writeRows(times: readonly number[]): Promise<void> {
  for (const at of times) await inChain(async (_client, chain) => void chain.append(entry({ at })));
}
const TEN = Array.from({ length: 10 }, (_, i) => NOW + i);

/** A row of another number, otherwise like the fourth. */
const insertCopy = (seq: number) =>
  `insert into ledger select (jsonb_populate_record(l, jsonb_build_object('seq', ${seq}))).* from ledger l where seq = 4`;

describe('a ledger that was tampered with', () => {
  test.each([
    ['an edited purpose', `update ledger set purpose = 'other' where seq = 4`, 4, 'changed'],
    ['an edited time', `update ledger set at = at + 1 where seq = 1`, 1, 'changed'],
    ['an edited subject', `update ledger set subject = null where seq = 10`, 10, 'changed'],
    ['a row before the first', insertCopy(-7), -7, 'added'],
    ['a row of number 0', insertCopy(0), 0, 'added'],
    ['a row behind the last', insertCopy(11), 11, 'added'],
    ['a row far behind the last', insertCopy(100_000), 100_000, 'added'],
    ['an edited hash', `update ledger set hash = decode('00', 'hex') where seq = 3`, 3, 'changed'],
    ['a removed row', `delete from ledger where seq = 5`, 5, 'missing'],
    ['a cut tail', `delete from ledger where seq >= 8`, 8, 'tailCut'],
    ['an empty ledger', `delete from ledger`, 1, 'tailCut'],
    [
      'an end set back without its hash',
      `delete from ledger where seq > 8; update ledger_head set seq = 8`,
      8,
      'tailCut',
    ],
    ['another hash of its end', `update ledger_head set hash = sha256('other')`, 10, 'tailCut'],
    ['a cut beginning', `delete from ledger where seq <= 2`, 1, 'missing'],
    [
      'a beginning cut as a drop is',
      `with gone as (delete from ledger where seq <= 2 returning seq, hash)
       update ledger_head set dropped_seq = 2, dropped_hash = (select hash from gone where seq = 2)`,
      3,
      'beginningCut',
    ],
    [
      'two rows that changed places',
      `update ledger set seq = case seq when 6 then -7 else -6 end where seq in (6, 7);
       update ledger set seq = -seq where seq < 0`,
      6,
      'changed',
    ],
  ])('is found out by %s', async (_what, sql, at, what) => {
    await writeRows(TEN);
    expect(await verify(pool)).toMatchObject({ broken: null, rows: 10, seq: 10 });
    await tamper(pool, sql);
    expect((await verify(pool)).broken).toEqual({ at, what });
  });

  test('ends, and finds it, where the last row has a number behind the end', async () => {
    await writeRows(TEN);
    await tamper(pool, 'update ledger set seq = 11 where seq = 10');
    expect((await verify(pool)).broken).toEqual({ at: 10, what: 'missing' });
  });

  test('is found out by an end that was noted before, when it was set back whole', async () => {
    await writeRows(TEN);
    const { seq, hash } = await verify(pool);
    expect((await verify(pool, { seq, hash })).broken).toBeNull();
    await tamper(pool, `delete from ledger where seq > 8`);
    await pool.query(`update ledger_head set seq = 8, hash = (select hash from ledger where seq = 8)`);
    expect((await verify(pool)).broken).toBeNull();
    expect((await verify(pool, { seq, hash })).broken).toEqual({ at: 9, what: 'notTheKnownEnd' });
    await writeRows([NOW, NOW, NOW]);
    expect((await verify(pool, { seq, hash })).broken).toEqual({ at: 10, what: 'notTheKnownEnd' });
  });
});

describe('a ledger whose head was deleted', () => {
  beforeEach(async () => {
    await writeRows(TEN);
    const { rows } = await pool.query('delete from ledger_head returning to_jsonb(ledger_head) as head');
    return () =>
      pool.query('insert into ledger_head select (jsonb_populate_record(null::ledger_head, $1)).*', [rows[0].head]);
  });

  test('does not hold, and that is said', async () => {
    expect(await verify(pool)).toEqual({ broken: { at: 0, what: 'headGone' }, rows: 0, seq: 0, hash: Buffer.alloc(0) });
  });

  test('lets nothing be written, and who tries hears why, also where work was sent right behind the lock', async () => {
    const append = async (client: ClientBase, chain: Chain) => {
      await client.query('select 1');
      chain.append(entry());
    };
    await expect(inChain(append)).rejects.toThrow(LedgerHeadGone);
    await expect(dropAgedRows(inChain, NOW)).rejects.toThrow(LedgerHeadGone);
    const { pool: pipelining, close } = openPool(address, undefined, 0, true);
    await expect(testChain(pipelining, undefined, true)(append)).rejects.toThrow(LedgerHeadGone);
    await close();
    expect((await pool.query('select count(*)::int as n from ledger')).rows).toEqual([{ n: 10 }]);
  });
});

test('a ledger whose old rows were dropped finds what is written where they were', async () => {
  await writeRows([1, 2, NOW]);
  await dropAgedRows(inChain, NOW);
  expect((await verify(pool)).broken).toBeNull();
  await pool.query(insertCopy(2).replace('seq = 4', 'seq = 3'));
  expect((await verify(pool)).broken).toEqual({ at: 2, what: 'added' });
});

describe('a row of the ledger', () => {
  const FULL: Required<LedgerEntry> = {
    ...{
      at: NOW,
      kind: KIND.precise,
      application: 'app',
      subject: Buffer.alloc(16, 3),
      purpose: 'p',
      basis: 'consent',
    },
    ...{ precision: PRECISION.precise, eventSeq: 7, policyVersion: '2026-01-01', tick: 9, detail: 'stale' },
  };
  const OTHERWISE: Readonly<Record<string, string>> = {
    ...{ at: 'at + 1', kind: 'kind + 1', application: 'null', subject: 'null', purpose: 'null', basis: 'null' },
    ...{ precision: 'null', event_seq: 'null', policy_version: 'null', tick: 'null', detail: 'null' },
  };

  test.each(Object.entries(OTHERWISE))('is found out where its %s was changed', async (column, value) => {
    await inChain(async (_client, chain) => void chain.append(FULL));
    expect((await verify(pool)).broken).toBeNull();
    await tamper(pool, `update ledger set ${column} = ${value} where seq = 1`);
    expect((await verify(pool)).broken).toEqual({ at: 1, what: 'changed' });
  });

  test('has no column beside those that the chain vouches for', async () => {
    const { rows } = await pool.query(
      `select attname as name from pg_attribute where attrelid = 'ledger'::regclass and attnum > 0 and not attisdropped`,
    );
    expect(rows.map(({ name }) => name).sort()).toEqual([...Object.keys(OTHERWISE), 'hash', 'seq'].sort());
  });
});

describe('rows past their time', () => {
  test('are dropped from the beginning only, and what is left keeps verifying', async () => {
    const old = NOW - LEDGER_TTL_MS - 1;
    await writeRows([old, old, old, NOW, old, NOW]);
    const end = await verify(pool);
    expect(await dropAgedRows(inChain, NOW)).toBe(3);
    const { rows } = await pool.query('select seq::int from ledger order by seq');
    expect(rows.map((row) => row.seq)).toEqual([4, 5, 6, 7]);
    expect((await verify(pool, end)).broken).toBeNull();
    expect(await dropAgedRows(inChain, NOW)).toBe(0);
    await writeRows([NOW]);
    expect((await verify(pool)).broken).toBeNull();
    await tamper(pool, 'delete from ledger where seq = 4');
    expect((await verify(pool)).broken).toEqual({ at: 4, what: 'missing' });
  });

  test.each([
    ['made old', 'update ledger set at = 0 where seq <= 6'],
    [
      'removed, but for one made old',
      'delete from ledger where seq < 6; update ledger set at = 0, application = null, subject = null where seq = 6',
    ],
    ['removed', 'delete from ledger where seq <= 6; update ledger set at = 0 where seq = 7'],
  ])('are not dropped if they were %s: what somebody did to the ledger is not washed away', async (_how, sql) => {
    await writeRows(TEN);
    await tamper(pool, sql);
    const { broken } = await verify(pool);
    await expect(dropAgedRows(inChain, NOW)).rejects.toThrow('row 1 of the ledger is missing or was changed');
    expect((await verify(pool)).broken).toEqual(broken);
    expect(broken).not.toBeNull();
  });

  test('are not dropped behind a beginning that was cut as a drop is, but that no row tells of', async () => {
    const old = NOW - LEDGER_TTL_MS - 1;
    await writeRows([old, old, old, NOW]);
    await tamper(
      pool,
      `with gone as (delete from ledger where seq <= 2 returning seq, hash)
       update ledger_head set dropped_seq = 2, dropped_hash = (select hash from gone where seq = 2)`,
    );
    expect((await verify(pool)).broken).toEqual({ at: 3, what: 'beginningCut' });
    await expect(dropAgedRows(inChain, NOW)).rejects.toThrow('of the ledger is missing or was changed');
    expect((await verify(pool)).broken).toEqual({ at: 3, what: 'beginningCut' });
  });

  test('were not dropped because somebody on the staff did something else, or something else is called so', async () => {
    await writeRows([1, 2, NOW]);
    await inChain(async (_client, chain) => {
      chain.append(entry({ at: NOW, kind: KIND.staff, detail: 'hold' }));
      chain.append(entry({ at: NOW, kind: KIND.region, detail: droppedDetail(2) }));
    });
    await tamper(
      pool,
      `with gone as (delete from ledger where seq <= 2 returning seq, hash)
       update ledger_head set dropped_seq = 2, dropped_hash = (select hash from gone where seq = 2)`,
    );
    expect((await verify(pool)).broken).toEqual({ at: 3, what: 'beginningCut' });
  });

  test('are dropped again later', async () => {
    const old = NOW - LEDGER_TTL_MS - 1;
    await writeRows([old, old + 2, NOW]);
    expect([await dropAgedRows(inChain, NOW), await dropAgedRows(inChain, NOW + 1)]).toEqual([1, 1]);
    expect((await verify(pool)).broken).toBeNull();
  });

  test('may all be dropped at once', async () => {
    await writeRows([1, 2, 3]);
    expect(await dropAgedRows(inChain, NOW)).toBe(3);
    expect(await verify(pool)).toMatchObject({ broken: null, rows: 1, seq: 4 });
  });
});
