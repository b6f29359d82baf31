import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { expireInbox, measureInbox, RAW_TTL_MS } from '../../src/observations/store.ts';
import { reclaimRoom } from '../../src/storage/reclaim.ts';
import { openTestStore } from '../support/store.ts';

const store = await openTestStore();
const { pool } = store;

/** Four thousand reports come, are folded, and are over a week later. Resolves with the most room they took. */
async function aWeek(week: number): Promise<number> {
  const receivedAt = week * RAW_TTL_MS;
  await pool.query(
    `insert into inbox (digest, received_at, trusted, payload)
     select gen_random_uuid(), $1, false, decode(repeat('00', 150), 'hex') from generate_series(1, 4000)`,
    [receivedAt],
  );
  await pool.query('update inbox set folded_at = received_at');
  const { bytes } = await measureInbox(pool);
  await expireInbox(pool, receivedAt + RAW_TTL_MS + 1);
  await reclaimRoom(store);
  return bytes;
}

describe.skipIf(store.kind === 'postgres')('the embedded store', () => {
  test('takes no more room for reports after many weeks than after the first: what is over makes room for what comes', async () => {
    const weeks: number[] = [];
    for (let week = 1; week <= 6; week++) weeks.push(await aWeek(week));
    expect(Math.max(...weeks)).toBeLessThan(1.5 * weeks[0]);
  });

  test('lets the next reports write over what folded ones said, also while it keeps the digests of a week', async () => {
    await pool.query('truncate inbox');
    await pool.query(`insert into inbox (digest, received_at, trusted, payload, folded_at)
      select gen_random_uuid(), 0, false, '', 0 from generate_series(1, 60000)`);
    await pool.query('vacuum inbox');
    for (let hour = 0; hour < 8; hour++) {
      // Folded after the next ones came, as they are.
      for (let part = 0; part < 10; part++) {
        await pool.query(
          `insert into inbox (digest, received_at, trusted, payload)
           select gen_random_uuid(), 0, false, convert_to($1, 'utf8') from generate_series(1, 80)`,
          [`canary of hour ${hour}`.padEnd(300, '.')],
        );
        await pool.query(`update inbox set folded_at = 0, payload = '' where folded_at is null`);
      }
      await reclaimRoom(store);
    }
    await pool.query('checkpoint');
    const { rows } = await pool.query(`select pg_relation_filepath('inbox') as path`);
    const folder = (store.address as { socketFolder: string }).socketFolder;
    const file = readFileSync(join(folder, 'pgdata', rows[0].path), 'latin1');
    // An hour's, of eight.
    expect(file.split('canary of hour ').length - 1).toBeLessThan(900);
  });

  test('looks through no table in which little is dead', async () => {
    await pool.query('insert into bluetooth_stations (mac, lat, lon) select n, 1, 2 from generate_series(1, 1000) n');
    expect(await reclaimRoom(store)).toEqual([]);
    await pool.query('delete from bluetooth_stations where mac <= 100');
    expect(await reclaimRoom(store)).toEqual([]);
    await pool.query('delete from bluetooth_stations where mac <= 400');
    expect(await reclaimRoom(store)).toEqual(['bluetooth_stations']);
    expect(await reclaimRoom(store)).toEqual([]);
  });

  test('stops between two tables when it is told to', async () => {
    await pool.query('delete from bluetooth_stations');
    expect(await reclaimRoom(store, AbortSignal.abort())).toEqual([]);
  });
});

describe.skipIf(store.kind === 'embedded')('a PostgreSQL server', () => {
  test('is left to make room itself, among reports as soon as a hundredth is dead', async () => {
    expect(await reclaimRoom(store)).toEqual([]);
    const { rows } = await pool.query(`select reloptions from pg_class where relname = 'inbox'`);
    expect(rows).toEqual([{ reloptions: ['autovacuum_vacuum_scale_factor=0.01'] }]);
  });
});
