import { randomBytes, randomInt } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  EPSILON_MILLI,
  FEWEST_DEVICES,
  lastDueWindow,
  RELEASE_DELAY_MS,
  releaseThreshold,
  WINDOW_MS,
} from '../../../src/privacy/count-rule.ts';
import { type ReleaseDeps, releaseDueWindows } from '../../../src/sharing/counts/release-store.ts';
import { writeVisits } from '../../../src/sharing/counts/visit-store.ts';
import type { Visit } from '../../../src/sharing/counts/visits.ts';
import { connectStore, type Store } from '../../../src/storage/open.ts';
import { loudBelow, seededBelow } from '../../support/chance.ts';
import { afterFile, ON_POSTGRES, openTestStore } from '../../support/store.ts';
import { addDevices } from './crowd.ts';

const WINDOW = 82_000;
/** When WINDOW is due, and no later one. */
const DUE_MS = (WINDOW + 1) * WINDOW_MS + RELEASE_DELAY_MS;

async function setUp(crowd: number) {
  const store = await openTestStore();
  const { pool } = store;
  const visits = { pool, secret: randomBytes(32), random: randomBytes };
  const deps: ReleaseDeps = { pool, randomBelow: seededBelow(1), mapVersion: 'map', epsilonCap: 30 };
  const devices = await addDevices(pool, crowd);
  return { store, pool, deps, devices, write: (rows: Visit[]) => writeVisits(visits, rows) };
}

async function published(store: Store) {
  const { rows } = await store.pool.query(
    'select window_no as "window", region, count from region_counts order by window_no, region',
  );
  return rows as { window: number; region: number; count: number }[];
}

async function left(store: Store) {
  const { rows } = await store.pool.query(
    'select (select count(*)::int from visits) as visits, (select count(*)::int from visit_salts) as salts',
  );
  return rows[0];
}

describe('the release of counts', () => {
  test('counts each device once, where it was longest, and forgets the visits and the salt', async () => {
    const { store, deps, devices, write } = await setUp(400);
    // All were in 4 for one tick; 300 were in 5 for two, the others in 6.
    await write(
      devices.flatMap((device, i) => [
        { window: WINDOW, device, region: 4, ticks: 1 },
        { window: WINDOW, device, region: i < 300 ? 5 : 6, ticks: 2 },
      ]),
    );
    expect(await releaseDueWindows(deps, DUE_MS - 1)).toEqual({ windows: 1, regions: 0, keptBack: 0 });
    expect(await left(store)).toEqual({ visits: 800, salts: 1 });
    expect(await releaseDueWindows(deps, DUE_MS)).toEqual({ windows: 1, regions: 2, keptBack: 0 });
    const [five, six, ...more] = await published(store);
    expect(more).toEqual([]);
    expect([five.region, six.region]).toEqual([5, 6]);
    expect(Math.abs(five.count - 300)).toBeLessThan(60);
    expect(Math.abs(six.count - 100)).toBeLessThan(60);
    expect(await left(store)).toEqual({ visits: 0, salts: 0 });
    expect(await releaseDueWindows(deps, DUE_MS + 1000)).toEqual({ windows: 0, regions: 0, keptBack: 0 });
    expect(await published(store)).toEqual([five, six]);
  });

  test('is drawn once, however many gateways try at the same time', async () => {
    const { store, deps, devices, write } = await setUp(300);
    await write(devices.map((device) => ({ window: WINDOW, device, region: 5, ticks: 1 })));
    const others = [0, 1, 2].map(() => connectStore(store.address));
    for (const other of others) afterFile(() => other.close());
    // Connected before the race, or the first would be through before the others begin.
    await Promise.all(others.map(({ pool }) => pool.query('select 1')));
    const tries = await Promise.all(
      [store, ...others].map(({ pool }) =>
        releaseDueWindows({ ...deps, pool, randomBelow: (n) => randomInt(n) }, DUE_MS),
      ),
    );
    expect(tries.map((one) => one.windows).sort()).toEqual([0, 0, 0, 1]);
    expect(await published(store)).toHaveLength(1);
  });

  test('that was killed half-way never happened, and is done by the next run', async () => {
    const { store, pool, deps, devices, write } = await setUp(300);
    await write(devices.map((device) => ({ window: WINDOW, device, region: 5, ticks: 1 })));
    await pool.query(`create function killed() returns trigger language plpgsql as $$ begin raise 'killed'; end $$;
      create trigger killed before delete on visit_salts for each row execute function killed()`);
    await expect(releaseDueWindows(deps, DUE_MS)).rejects.toThrow('killed');
    expect(await published(store)).toEqual([]);
    expect(await left(store)).toEqual({ visits: 300, salts: 1 });
    expect((await pool.query('select from count_releases')).rowCount).toBe(0);
    await pool.query('drop trigger killed on visit_salts');
    expect(await releaseDueWindows(deps, DUE_MS)).toMatchObject({ windows: 1, regions: 1 });
  });

  test('names no region with fewer than 20, and says of a window without anybody that it is out', async () => {
    const { store, pool, deps, devices, write } = await setUp(FEWEST_DEVICES - 1);
    await write(devices.map((device) => ({ window: WINDOW, device, region: 5, ticks: 24 })));
    await releaseDueWindows({ ...deps, randomBelow: loudBelow() }, DUE_MS);
    await releaseDueWindows(deps, DUE_MS + 2 * WINDOW_MS);
    expect(await published(store)).toEqual([]);
    const { rows } = await pool.query('select window_no as "window" from count_releases order by 1');
    expect(rows.map((row) => row.window)).toEqual([WINDOW, WINDOW + 1, WINDOW + 2]);
  });

  test('names a region with 20, if chance makes enough of them', async () => {
    const { store, deps, devices, write } = await setUp(FEWEST_DEVICES);
    await write(devices.map((device) => ({ window: WINDOW, device, region: 5, ticks: 1 })));
    await releaseDueWindows({ ...deps, randomBelow: loudBelow() }, DUE_MS);
    expect(await published(store)).toEqual([{ window: WINDOW, region: 5, count: FEWEST_DEVICES + 80 }]);
  });

  test('takes visits that come late, and none once the window is out', async () => {
    const { store, pool, deps, devices, write } = await setUp(200);
    await write(devices.slice(0, 100).map((device) => ({ window: WINDOW, device, region: 5, ticks: 1 })));
    await releaseDueWindows(deps, DUE_MS - 1);
    await write(devices.slice(100).map((device) => ({ window: WINDOW, device, region: 5, ticks: 1 })));
    await releaseDueWindows(deps, DUE_MS);
    const out = await published(store);
    expect(Math.abs(out[0].count - 200)).toBeLessThan(60);
    await write(devices.map((device) => ({ window: WINDOW, device, region: 6, ticks: 1 })));
    expect(await left(store)).toEqual({ visits: 0, salts: 0 });
    // As a writer leaves them that was the first of its window, and began before the release ended.
    await pool.query(`insert into visit_salts values (${WINDOW}, 'x')`);
    await pool.query(`insert into visits select ${WINDOW}, n::text::bytea, 6, 1 from generate_series(1, 300) n`);
    expect(await releaseDueWindows(deps, DUE_MS + 1)).toEqual({ windows: 0, regions: 0, keptBack: 0 });
    // What was spent on it stays spent.
    const { rows } = await pool.query('select min(epsilon_milli) as least from count_releases');
    expect(rows).toEqual([{ least: EPSILON_MILLI }]);
    expect(await published(store)).toEqual(out);
    expect(await left(store)).toEqual({ visits: 0, salts: 0 });
  });

  // The embedded store runs one transaction at a time.
  test.skipIf(!ON_POSTGRES)('waits for who is writing in its window, and counts what is written', async () => {
    const { store, pool, deps, devices, write } = await setUp(150);
    const isThere = async (sql: string) => ((await pool.query(sql)).rowCount ?? 0) > 0;
    // Of the first in a window nobody knows before it is done: what it leaves goes with the next run.
    await write([{ window: WINDOW, device: devices[0], region: 5, ticks: 1 }]);
    await pool.query(`create function held() returns trigger language plpgsql as
        $$ begin perform pg_advisory_xact_lock(1); return null; end $$;
      create trigger held before insert on visits for each statement execute function held()`);
    const holder = await pool.connect();
    await holder.query('select pg_advisory_lock(1)');
    const writing = write(devices.map((device) => ({ window: WINDOW, device, region: 5, ticks: 1 })));
    let releasing: ReturnType<typeof releaseDueWindows> | undefined;
    try {
      await expect
        .poll(() => isThere("select from pg_locks where locktype = 'advisory' and objid = 1 and not granted"))
        .toBe(true);
      releasing = releaseDueWindows(deps, DUE_MS);
      await expect
        .poll(() =>
          isThere(`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
            and query like 'select from visit_salts%'`),
        )
        .toBe(true);
    } finally {
      holder.release(true);
    }
    await writing;
    expect(await releasing).toMatchObject({ windows: 1, regions: 1 });
    expect(await published(store)).toHaveLength(1);
    expect(await left(store)).toEqual({ visits: 0, salts: 0 });
  });

  test('counts nobody by visits whose time is over, swept or not: three days and a window after it began', async () => {
    const { store, deps, devices, write } = await setUp(150);
    for (const window of [WINDOW, WINDOW + 1])
      await write(devices.map((device) => ({ window, device, region: 5, ticks: 1 })));
    expect(await releaseDueWindows(deps, (WINDOW + 13) * WINDOW_MS)).toMatchObject({ regions: 1 });
    expect((await published(store)).map((one) => one.window)).toEqual([WINDOW + 1]);
    expect(await left(store)).toEqual({ visits: 0, salts: 0 });
  });

  test('spends no more than the cap, and says which windows it kept back', async () => {
    const { store, pool, deps, devices, write } = await setUp(150);
    const capped = { ...deps, epsilonCap: (2 * EPSILON_MILLI) / 1_000 };
    for (let window = WINDOW; window < WINDOW + 4; window++) {
      await write(devices.map((device) => ({ window, device, region: 5, ticks: 1 })));
    }
    expect(await releaseDueWindows(capped, DUE_MS + 3 * WINDOW_MS)).toEqual({ windows: 2, regions: 2, keptBack: 2 });
    expect((await published(store)).map((one) => one.window)).toEqual([WINDOW, WINDOW + 1]);
    expect(await left(store)).toEqual({ visits: 0, salts: 0 });
    const { rows } = await pool.query('select epsilon_milli as spent from count_releases order by window_no');
    expect(rows.map((row) => row.spent)).toEqual([250, 250, 0, 0]);
  });

  test('survives a clock that leaps ahead and comes back: each window once, later ones as ever', async () => {
    const { store, deps, devices, write } = await setUp(150);
    await write(devices.map((device) => ({ window: WINDOW, device, region: 5, ticks: 1 })));
    const leap = DUE_MS + 400 * WINDOW_MS;
    await releaseDueWindows(deps, leap);
    // The window was long past the 30 days that a run looks back: lost, and never drawn twice.
    expect(await published(store)).toEqual([]);
    expect(await releaseDueWindows(deps, DUE_MS)).toMatchObject({ windows: 1, regions: 1 });
    const first = await published(store);
    await write(devices.map((device) => ({ window: WINDOW + 1, device, region: 5, ticks: 1 })));
    await releaseDueWindows(deps, DUE_MS + WINDOW_MS);
    expect((await published(store)).map((one) => one.window)).toEqual([WINDOW, WINDOW + 1]);
    expect((await published(store))[0]).toEqual(first[0]);
    expect(lastDueWindow(leap)).toBeGreaterThan(WINDOW + 1);
    for (const one of await published(store)) expect(one.count).toBeGreaterThanOrEqual(releaseThreshold());
  });
});
