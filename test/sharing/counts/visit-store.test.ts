import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { forgetVisits, type VisitDeps, writeVisits } from '../../../src/sharing/counts/visit-store.ts';
import { transact } from '../../../src/storage/transaction.ts';
import { ON_POSTGRES, openTestStore } from '../../support/store.ts';
import { addDevices } from './crowd.ts';

const { pool } = await openTestStore();
const deps: VisitDeps = { pool, secret: randomBytes(32), random: randomBytes };

let next = 1_000;
/** A window of its own for each test. */
const newWindow = () => next++;

async function rowsOf(window: number): Promise<{ region: number; ticks: number; tag: string }[]> {
  const { rows } = await pool.query(
    `select region, ticks, encode(tag, 'hex') as tag from visits where window_no = $1 order by region, ticks, tag`,
    [window],
  );
  return rows;
}

describe('visits in the store', () => {
  test('are one row for a device, a window and a region, whoever writes and how often', async () => {
    const window = newWindow();
    const [a, b] = await addDevices(pool, 2);
    const write = () =>
      writeVisits(deps, [
        { window, device: a, region: 5, ticks: 1 },
        { window, device: a, region: 6, ticks: 2 },
        { window, device: b, region: 5, ticks: 1 },
      ]);
    await Promise.all([write(), write(), write()]);
    const rows = await rowsOf(window);
    expect(rows.map(({ region, ticks }) => [region, ticks])).toEqual([
      [5, 3],
      [5, 3],
      [6, 6],
    ]);
    expect(new Set(rows.map((row) => row.tag)).size).toBe(2);
  });

  test('weigh no more than the quarters of an hour of their window, however often gateways note them', async () => {
    const window = newWindow();
    const [device] = await addDevices(pool, 1);
    for (const ticks of [30, 1]) {
      await writeVisits(deps, [{ window, device, region: 5, ticks }]);
      expect((await rowsOf(window)).map((row) => row.ticks)).toEqual([24]);
    }
  });

  test('name nobody: no id, and another tag in every window', async () => {
    const [first, second] = [newWindow(), newWindow()];
    const [device] = await addDevices(pool, 1);
    await writeVisits(
      deps,
      [first, second].map((window) => ({ window, device, region: 5, ticks: 1 })),
    );
    const [one, other] = [(await rowsOf(first))[0].tag, (await rowsOf(second))[0].tag];
    expect(one).not.toBe(other);
    expect(one).toMatch(/^[0-9a-f]{32}$/);
    const { rows } = await pool.query('select row_to_json(v)::text as row from visits v');
    for (const { row } of rows) {
      expect(row).not.toContain(device);
      expect(row).not.toContain(device.replaceAll('-', ''));
    }
  });

  test('are not written for devices that are restricted, object, are a child’s, being erased or gone', async () => {
    const window = newWindow();
    const devices: string[] = [randomUUID()];
    for (const flags of [1, 2, 4, 8, 3]) devices.push(...(await addDevices(pool, 1, flags)));
    const [counted] = await addDevices(pool, 1);
    await writeVisits(
      deps,
      [...devices, counted].map((device) => ({ window, device, region: 5, ticks: 1 })),
    );
    expect(await rowsOf(window)).toHaveLength(1);
    await writeVisits(deps, [{ window: newWindow(), device: devices[0], region: 5, ticks: 1 }]);
  });

  test('of a window that is out are not written, and no salt is made for it', async () => {
    const window = newWindow();
    const [device] = await addDevices(pool, 1);
    await pool.query(
      `insert into count_releases (window_no, released_at, map_version, epsilon_milli) values ($1, 0, '', 250)`,
      [window],
    );
    await writeVisits(deps, [{ window, device, region: 5, ticks: 1 }]);
    expect(await rowsOf(window)).toEqual([]);
    expect((await pool.query('select from visit_salts where window_no = $1', [window])).rowCount).toBe(0);
  });

  test('of a window that is out are not written by its salt, had a late writer left one', async () => {
    const window = newWindow();
    const [device, late] = await addDevices(pool, 2);
    await writeVisits(deps, [{ window, device, region: 5, ticks: 1 }]);
    await pool.query(
      `insert into count_releases (window_no, released_at, map_version, epsilon_milli) values ($1, 0, '', 250)`,
      [window],
    );
    await writeVisits(deps, [{ window, device: late, region: 5, ticks: 1 }]);
    expect(await rowsOf(window)).toHaveLength(1);
  });

  // The embedded store does one transaction after the other.
  test.runIf(ON_POSTGRES)('leave out who is changing their mind just now, and wait for nobody', async () => {
    const window = newWindow();
    const [changing, stays] = await addDevices(pool, 2);
    await transact(pool, async (client) => {
      await client.query('update devices set flags = 2 where id = $1', [changing]);
      await writeVisits(
        deps,
        [changing, stays].map((device) => ({ window, device, region: 5, ticks: 1 })),
      );
      expect(await rowsOf(window)).toHaveLength(1);
    });
  });

  test.runIf(ON_POSTGRES)('wait for whoever is about to release their window, and are not written then', async () => {
    const window = newWindow();
    const [first, late] = await addDevices(pool, 2);
    await writeVisits(deps, [{ window, device: first, region: 5, ticks: 1 }]);
    let writing: Promise<void> | undefined;
    await transact(pool, async (client) => {
      await client.query('select from visit_salts where window_no = $1 for update', [window]);
      await client.query(
        `insert into count_releases (window_no, released_at, map_version, epsilon_milli) values ($1, 0, '', 250)`,
        [window],
      );
      writing = writeVisits(deps, [{ window, device: late, region: 5, ticks: 1 }]);
      const isWritten = writing.then(() => true);
      expect(await Promise.race([isWritten, sleep(300, false)])).toBe(false);
      for (const table of ['visits', 'visit_salts'])
        await client.query(`delete from ${table} where window_no = $1`, [window]);
    });
    await writing;
    expect(await rowsOf(window)).toEqual([]);
  });

  test('of one device are forgotten in all open windows, and nobody else’s', async () => {
    const windows = [newWindow(), newWindow()];
    const [gone, stays] = await addDevices(pool, 2);
    await writeVisits(
      deps,
      windows.flatMap((window) => [gone, stays].map((device) => ({ window, device, region: 5, ticks: 1 }))),
    );
    await transact(pool, async (client) => {
      await client.query('update devices set flags = 2 where id = $1', [gone]);
      await forgetVisits(client, gone, deps.secret);
    });
    for (const window of windows) {
      expect(await rowsOf(window)).toHaveLength(1);
      await writeVisits(deps, [{ window, device: gone, region: 5, ticks: 1 }]);
      expect(await rowsOf(window)).toHaveLength(1);
    }
  });
});
