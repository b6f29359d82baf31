import { connect, createServer, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { insertRows } from '../../src/observations/store.ts';
import { describeStoreLoss, openStore } from '../../src/storage/open.ts';
import { openPool } from '../../src/storage/pool.ts';
import { transact } from '../../src/storage/transaction.ts';
import { afterFile, ON_POSTGRES, testDatabase, testFolder } from '../support/store.ts';

/** A way to a server that swallows its replies while `silent`, and keeps its connections open: a network that lost them. */
async function lossyWay(url: string): Promise<{ url: string; silent(yes: boolean): void }> {
  const target = new URL(url);
  const way = new URL(url);
  const sockets = new Set<Socket>();
  let lost = false;
  const server = createServer((client) => {
    const there = connect(Number(target.port || 5432), target.hostname);
    client.pipe(there);
    // What was lost stays lost for a connection, as with a firewall that forgot it.
    let dead = false;
    there.on('data', (bytes) => {
      dead ||= lost;
      if (!dead) client.write(bytes);
    });
    for (const socket of [client, there]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => [client, there].forEach((one) => void one.destroy()));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  afterFile(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  way.hostname = '127.0.0.1';
  way.port = String((server.address() as { port: number }).port);
  return {
    url: way.href,
    silent(yes) {
      lost = yes;
    },
  };
}

test.runIf(ON_POSTGRES)('a PostgreSQL that falls silent fails the query, and the next one after it works', async () => {
  const direct = await testDatabase();
  await (await openStore({ databaseUrl: direct, dataDir: testFolder() })).close();
  const way = await lossyWay(direct);
  const { pool, close } = openPool({ kind: 'postgres', url: way.url }, undefined, 300);
  afterFile(close);
  expect((await pool.query('select 1 as n')).rows).toEqual([{ n: 1 }]);
  way.silent(true);
  const failure = await pool.query('select 2').catch((error: unknown) => error);
  expect(describeStoreLoss(failure)).toMatch(/does not answer/);
  way.silent(false);
  expect((await pool.query('select 3 as n')).rows).toEqual([{ n: 3 }]);
});

test.runIf(ON_POSTGRES)(
  'reports are refused in time by a PostgreSQL that falls silent, whatever the pool allows',
  async () => {
    const direct = await testDatabase();
    await (await openStore({ databaseUrl: direct, dataDir: testFolder() })).close();
    const way = await lossyWay(direct);
    const { pool, close } = openPool({ kind: 'postgres', url: way.url });
    afterFile(close);
    const row = {
      digest: Buffer.alloc(16, 1),
      receivedAtMs: 1,
      contributor: 2,
      trusted: false,
      payload: Buffer.alloc(3),
    };
    await pool.query('select 1');
    way.silent(true);
    await expect(insertRows(pool, [row], 300)).rejects.toThrow('timeout');
    way.silent(false);
    await insertRows(pool, [row]);
    expect((await pool.query('select count(*)::int as n from inbox')).rows).toEqual([{ n: 1 }]);
  },
);

test.runIf(ON_POSTGRES)(
  'who waited for a lock reads what its holder wrote, whatever isolation the database has by default',
  async () => {
    const databaseUrl = await testDatabase();
    const admin = await openStore({ databaseUrl, dataDir: testFolder() });
    const { rows } = await admin.pool.query('select quote_ident(current_database()) as name');
    await admin.pool.query(`alter database ${rows[0].name} set default_transaction_isolation = 'serializable'`);
    await admin.pool.query('create table counter as select 0 as n');
    await admin.close();
    const { pool, close } = openPool({ kind: 'postgres', url: databaseUrl });
    afterFile(close);
    await Promise.all(
      Array.from({ length: 8 }, () => transact(pool, (client) => client.query('update counter set n = n + 1'))),
    );
    expect((await pool.query('select n from counter')).rows).toEqual([{ n: 8 }]);
  },
);

test.runIf(ON_POSTGRES)(
  'a query that was given up does not wait on for its lock in PostgreSQL, with a connection of its own',
  async () => {
    const url = await testDatabase();
    const { pool, close } = openPool({ kind: 'postgres', url }, undefined, 300);
    afterFile(close);
    const holder = await openPool({ kind: 'postgres', url });
    afterFile(holder.close);
    await holder.pool.query('create table held ()');
    await transact(holder.pool, async (client) => {
      await client.query('lock table held');
      const given = await Promise.allSettled([1, 2, 3].map(() => pool.query('select from held')));
      expect(given.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
      const waiting = async () => {
        const { rows } = await client.query(
          `select count(*)::int as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
        );
        return rows[0].n;
      };
      expect(await waiting()).toBe(3);
      await expect.poll(waiting, { timeout: 10_000 }).toBe(0);
    });
  },
);
