import { setTimeout as pause } from 'node:timers/promises';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { KIND } from '../../src/disclosures/entry.ts';
import { openPool } from '../../src/storage/pool.ts';
import { ON_POSTGRES, openTestStore } from '../support/store.ts';
import { tamper } from '../support/tamper.ts';
import { entry, testChain, verify } from './ledger.ts';

const store = await openTestStore();
const { pool } = store;
const inChain = testChain(pool);

async function numbers(): Promise<number[]> {
  const { rows } = await pool.query('select seq::int from ledger order by seq');
  return rows.map((row) => row.seq);
}

/** Transactions that wait for the ledger's lock. */
async function waiting(): Promise<number> {
  const { rows } = await pool.query(
    `select count(*)::int as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
  );
  return rows[0].n;
}

beforeEach(async () => {
  await tamper(pool, 'delete from ledger');
  await pool.query('delete from privacy_changes');
  await pool.query(`update ledger_head set seq = 0, hash = '', dropped_seq = 0, dropped_hash = ''`);
});

describe('the chain', () => {
  test('numbers rows from 1 on, and returns the number each gets', async () => {
    const given = await inChain(async (_client, chain) => [chain.append(entry()), chain.append(entry())]);
    expect(given).toEqual([1, 2]);
    expect(await numbers()).toEqual([1, 2]);
    expect((await verify(pool)).broken).toBeNull();
  });

  test('numbers rows without a gap while many write at once', async () => {
    const other = testChain(pool);
    await Promise.all(
      Array.from({ length: 30 }, (_, i) =>
        (i % 2 ? inChain : other)(async (client, chain) => {
          await client.query('select 1');
          for (let n = 0; n <= i % 3; n++) chain.append(entry());
        }),
      ),
    );
    expect(await numbers()).toEqual(Array.from({ length: 60 }, (_, i) => i + 1));
    expect((await verify(pool)).broken).toBeNull();
  });

  test('leaves nothing behind when the work fails in the middle, and lets the next one in', async () => {
    const failing = inChain(async (client, chain) => {
      chain.append(entry());
      await client.query(`insert into partners (id, name, role, created_at) values ('x', 'x', 'vendor', 1)`);
      throw new Error('in the middle');
    });
    await expect(failing).rejects.toThrow('in the middle');
    expect(await numbers()).toEqual([]);
    expect((await pool.query('select from partners')).rows).toEqual([]);
    expect(await inChain(async (_client, chain) => chain.append(entry()))).toBe(1);
  });

  test('leaves nothing behind when a statement fails, or the connection is lost before the commit', async () => {
    await expect(
      inChain(async (client, chain) => {
        chain.append(entry());
        await client.query('select 1 from nowhere');
      }),
    ).rejects.toThrow();
    await expect(
      inChain(async (client, chain) => {
        chain.append(entry());
        (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
      }),
    ).rejects.toThrow();
    expect(await numbers()).toEqual([]);
    expect(await inChain(async (_client, chain) => chain.append(entry()))).toBe(1);
  });

  test('is not done if work swallowed the failure of a statement', async () => {
    const swallowing = inChain(async (client, chain) => {
      chain.append(entry());
      await client.query('select 1 from nowhere').catch(() => {});
    });
    await expect(swallowing).rejects.toThrow();
    const reading = inChain(async (client) => void (await client.query('select 1 from nowhere').catch(() => {})));
    await expect(reading).rejects.toThrow('rolled back');
    expect(await numbers()).toEqual([]);
  });

  test('takes the first queries along on a connection that pipelines, and refuses a row before them', async () => {
    const { pool: pipelining, close } = openPool(store.address, undefined, 0, true);
    const piped = testChain(pipelining, undefined, true);
    await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        (i % 2 ? inChain : piped)(async (client, chain) => {
          const { rows } = await client.query('select coalesce(max(seq), 0)::int as seq from ledger');
          expect(chain.append(entry())).toBe(rows[0].seq + 1);
        }),
      ),
    );
    await expect(piped(async (_client, chain) => chain.append(entry()))).rejects.toThrow('before the lock');
    await expect(
      piped(async (client, chain) => {
        await client.query('select 1');
        chain.append(entry({ kind: Number.NaN as never }));
      }),
    ).rejects.toThrow();
    expect(await numbers()).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    expect((await verify(pool)).broken).toBeNull();
    await close();
  });

  test('lets work see what was committed before it, and nothing happen beside it', async () => {
    const seen: number[] = [];
    await Promise.all(
      Array.from({ length: 10 }, () =>
        inChain(async (client, chain) => {
          const { rows } = await client.query('select count(*)::int as n from ledger');
          seen.push(rows[0].n);
          chain.append(entry());
        }),
      ),
    );
    expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test.runIf(ON_POSTGRES)(
    'is taken from whoever falls silent while writing it, before those give up who wait for it',
    async () => {
      const silence = Promise.withResolvers<void>();
      const holding = Promise.withResolvers<void>();
      const silent = inChain(async (client, chain) => {
        chain.append(entry());
        holding.resolve();
        await vi.waitFor(async () => expect(await waiting()).toBe(1));
        await pause(500);
        // The last that is heard of it, after the other has begun to wait.
        await client.query('select 1');
        await silence.promise;
      });
      const lost = expect(silent).rejects.toThrow();
      await holding.promise;
      expect(await inChain(async (_client, chain) => chain.append(entry()))).toBe(1);
      silence.resolve();
      await lost;
      expect(await numbers()).toEqual([1]);
    },
    30_000,
  );

  test('announces a change of mind under the number of its row, and waits until it is in force', async () => {
    const device = '6f0c0000-0000-4000-8000-000000000001';
    const settled: number[] = [];
    const waiting = testChain(pool, async (seq) => {
      const { rows } = await pool.query('select device from privacy_changes where seq = $1', [seq]);
      expect(rows).toEqual([{ device }]);
      settled.push(seq);
    });
    await waiting(async (_client, chain) => {
      chain.append(entry({ kind: KIND.consent }));
      chain.changed(device);
      chain.append(entry({ kind: KIND.notice }));
    });
    expect(settled).toEqual([2]);
    await waiting(async (_client, chain) => void chain.append(entry()));
    expect(settled).toEqual([2]);
  });

  test('makes changes of several devices one of everybody, and refuses one without a row', async () => {
    await inChain(async (_client, chain) => {
      chain.append(entry({ kind: KIND.device }));
      chain.changed('6f0c0000-0000-4000-8000-000000000001');
      chain.changed('6f0c0000-0000-4000-8000-000000000002');
    });
    expect((await pool.query('select device from privacy_changes')).rows).toEqual([{ device: null }]);
    await expect(inChain(async (_client, chain) => chain.changed(null))).rejects.toThrow('needs a row');
  });

  test.each<[string, [string | null, string?][], [string | null, string | null]]>([
    [
      'one device and application',
      [
        ['a', 'bus'],
        ['a', 'bus'],
      ],
      ['a', 'bus'],
    ],
    [
      'several applications one for all',
      [
        ['a', 'bus'],
        ['a', 'shop'],
      ],
      ['a', null],
    ],
    ['an application and of the device one for all', [['a', 'bus'], ['a']], ['a', null]],
    [
      'several devices one of everybody, for all',
      [
        ['a', 'bus'],
        ['b', 'bus'],
      ],
      [null, null],
    ],
    ['everybody one of everybody', [['a', 'bus'], [null]], [null, null]],
  ])('makes changes of %s', async (_what, changes, [device, application]) => {
    const id = (one: string | null) => one && `6f0c0000-0000-4000-8000-00000000000${one}`;
    await inChain(async (_client, chain) => {
      chain.append(entry({ kind: KIND.device }));
      for (const [one, by] of changes) chain.changed(id(one), by);
    });
    const { rows } = await pool.query('select device, application from privacy_changes');
    expect(rows).toEqual([{ device: id(device), application }]);
  });
});
