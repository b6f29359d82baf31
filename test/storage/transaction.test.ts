import type { Pool } from 'pg';
import { expect, test } from 'vitest';
import { transact } from '../../src/storage/transaction.ts';

/** A pool of one connection, what was said on it, and whether it was closed when it was given back. */
function setUp(failsOn?: string) {
  const said: string[] = [];
  const released: boolean[] = [];
  const client = {
    async query(sql: string) {
      said.push(sql);
      if (sql === failsOn) throw new Error(`no ${sql}`);
    },
    release: (isClosed: boolean) => void released.push(isClosed),
  };
  return { said, released, pool: { connect: async () => client } as unknown as Pool };
}

test('a transaction that was committed gives its connection to the next one', async () => {
  const { said, released, pool } = setUp();
  const work = async (client: { query(sql: string): unknown }) => {
    await client.query('insert');
    return 7;
  };
  expect(await transact(pool, work, 'begin; lock')).toBe(7);
  expect([said, released]).toEqual([['begin; lock', 'insert', 'commit'], [false]]);
});

test.each([
  ['begin', ['begin']],
  ['insert', ['begin', 'insert']],
  ['commit', ['begin', 'insert', 'commit']],
])(
  'one that failed at %s closes it, which rolls back, and nobody is handed what is left of it',
  async (failsOn, what) => {
    const { said, released, pool } = setUp(failsOn);
    await expect(transact(pool, (client) => client.query('insert'))).rejects.toThrow(`no ${failsOn}`);
    expect([said, released]).toEqual([what, [true]]);
  },
);
