import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import pg from 'pg';
import { expect, test } from 'vitest';
import { Client } from '../../src/storage/client.ts';
import { describeStoreLoss, openStore } from '../../src/storage/open.ts';
import { openPool, timedQuery } from '../../src/storage/pool.ts';
import { afterFile, ON_POSTGRES, openTestStore, testDatabase, testFolder } from '../support/store.ts';

const oldBytes = () => getHeapSpaceStatistics().find(({ space_name }) => space_name === 'old_space')!.space_used_size;

setFlagsFromString('--expose-gc');
const collect: (options?: { type: 'minor' }) => void = runInNewContext('gc');

test('what an answered query reached is not kept until the old objects are collected', async () => {
  const { pool } = await openTestStore();
  const client = await pool.connect();
  const ask = {
    plain: () => client.query('select $1::float8[] is null as n', [Array.from({ length: 500 }, () => 0.5)]),
    'with a time limit': () =>
      client.query(timedQuery('select $1::float8[] is null as n', 30_000, [Array.from({ length: 500 }, () => 0.5)])),
    'by the pool': () => pool.query('select $1::float8[] is null as n', [Array.from({ length: 500 }, () => 0.5)]),
  };
  try {
    for (const [how, once] of Object.entries(ask)) {
      for (let i = 0; i < 200; i++) await once();
      collect();
      const before = oldBytes();
      // Each asks with 4 kB of numbers; what survives two collections of the young becomes old.
      for (let i = 0; i < 400; i++) {
        await once();
        if (i % 100 === 99) collect({ type: 'minor' });
      }
      collect({ type: 'minor' });
      expect(oldBytes() - before, how).toBeLessThan(400_000);
    }
  } finally {
    client.release();
  }
});

test.runIf(ON_POSTGRES)('a connection that is lost in the middle fails its queries, not the process', async () => {
  const { pool } = await openTestStore();
  const client = await pool.connect();
  try {
    const { rows } = await client.query('select pg_backend_pid() as pid');
    const waiting = client.query('select pg_sleep(10)').catch((error: unknown) => error);
    await pool.query('select pg_terminate_backend($1)', [rows[0].pid]);
    expect(await waiting).toBeInstanceOf(Error);
    await expect(client.query('select 1')).rejects.toThrow();
  } finally {
    client.release(true);
  }
  expect((await pool.query('select 1 as n')).rows).toEqual([{ n: 1 }]);
});

test.runIf(ON_POSTGRES)(
  'a connection that is lost while nobody asks fails the next query, not the process',
  async () => {
    const { pool } = await openTestStore();
    const client = await pool.connect();
    try {
      const { rows } = await client.query('select pg_backend_pid() as pid');
      await pool.query('select pg_terminate_backend($1)', [rows[0].pid]);
      await new Promise((resolve) => setTimeout(resolve, 100));
      await expect(client.query('select 1')).rejects.toThrow();
    } finally {
      client.release(true);
    }
  },
);

test.runIf(ON_POSTGRES)(
  'a query that takes too long fails, and with it what waits behind it on its connection',
  async () => {
    const url = await testDatabase();
    await (await openStore({ databaseUrl: url, dataDir: testFolder() })).close();
    for (const pipeline of [false, true]) {
      const { pool, close } = openPool({ kind: 'postgres', url }, undefined, 300, pipeline);
      afterFile(close);
      const client = await pool.connect();
      const told = await Promise.allSettled([client.query('select pg_sleep(10)'), client.query('select 1')]);
      client.release(true);
      expect(told.map((one) => one.status)).toEqual(['rejected', 'rejected']);
      const [slow, behind] = told.map((one) => String((one as PromiseRejectedResult).reason));
      expect(slow).toContain('Query read timeout');
      expect(describeStoreLoss({ message: behind.replace('Error: ', '') })).toMatch(/cannot be reached/);
      // One that has a limit of its own keeps to that, longer or shorter.
      expect((await pool.query(timedQuery('select 2 as n from pg_sleep(0.5)', 5_000))).rows).toEqual([{ n: 2 }]);
      await expect(pool.query(timedQuery('select pg_sleep(10)', 50))).rejects.toThrow('Query read timeout');
      expect((await pool.query('select 3 as n')).rows).toEqual([{ n: 3 }]);
    }
  },
);

test('a query says what went wrong, with a stack that leads to who asked', async () => {
  const { pool } = await openTestStore();
  const client = await pool.connect();
  try {
    async function whoAsked(): Promise<void> {
      await client.query('select 1 from nowhere');
    }
    const error = await whoAsked().catch((one: Error & { code?: string }) => one);
    expect(error).toMatchObject({ code: '42P01' });
    expect((error as Error).stack).toContain('whoAsked');
  } finally {
    client.release();
  }
});

test('callbacks are called as pg calls them', async () => {
  const { pool } = await openTestStore();
  const client = await pool.connect();
  try {
    const told = (ask: (done: (error: Error | null, result: unknown) => void) => void) =>
      new Promise((resolve) => ask((error, result) => resolve(error ?? (result as { rows: unknown[] }).rows)));
    expect(await told((done) => void client.query('select 1 as n', done))).toEqual([{ n: 1 }]);
    expect(await told((done) => void client.query('select $1::int as n', [2], done))).toEqual([{ n: 2 }]);
    expect(await told((done) => void client.query('select 1 from nowhere', done))).toBeInstanceOf(Error);
  } finally {
    client.release();
  }
});

test('a statement passes whoever watches the connection once', async () => {
  const { pool } = await openTestStore();
  const client = await pool.connect();
  const seen: unknown[] = [];
  const real = client.query;
  // As the tests of crashes do it (rights/watched-erasure.ts).
  client.query = ((...statement: unknown[]) => {
    seen.push(statement[0]);
    return Reflect.apply(real, client, statement);
  }) as typeof client.query;
  try {
    await client.query('select 1');
    await client.query('select $1::int', [1]);
    await new Promise((resolve) => void client.query('select 2', resolve));
    expect(seen).toEqual(['select 1', 'select $1::int', 'select 2']);
  } finally {
    client.query = real;
    client.release();
  }
});

test('a query that brings its own callback, or comes before there is a connection, is answered as pg answers it', async () => {
  const store = await openTestStore();
  const client = await store.pool.connect();
  try {
    const told = await new Promise((resolve) => {
      client.query({ text: 'select 4 as n', callback: (_: unknown, result: unknown) => resolve(result) } as never);
    });
    expect(told).toMatchObject({ rows: [{ n: 4 }] });
    expect(() => client.query(null as never)).toThrow(TypeError);
  } finally {
    client.release();
  }
  const early = new Client({ query_timeout: 50 });
  await expect(early.query('select 1')).rejects.toThrow('Query read timeout');
});

test('a pool whose connections are all in use says that the store is too busy, which is no bug', async () => {
  const { pool } = await openTestStore();
  const small = new pg.Pool({ ...pool.options, max: 1, connectionTimeoutMillis: 50 });
  const held = await small.connect();
  const failure = await small.connect().catch((error: unknown) => error);
  held.release();
  await small.end();
  expect(describeStoreLoss(failure)).toMatch(/^the store is too busy/);
});
