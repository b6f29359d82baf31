import { expect, test } from 'vitest';
import { importStations } from '../../src/stations/import.ts';
import { AT_REST, openMac } from '../support/at-rest.ts';
import { openTestStore } from '../support/store.ts';

test('an import does not bring barred access points and beacons back, and takes the rest', async () => {
  const { kind, pool } = await openTestStore();
  const lines = ['wifi', 'bluetooth'].flatMap((type) =>
    [1, 2, 3, 4].map((n) => JSON.stringify({ type, mac: `00:1a:2b:00:00:0${n}`, lat: n, lon: n })),
  );
  lines.push(JSON.stringify({ type: 'cell', radio: 'lte', mcc: 262, mnc: 1, area: 5, cellId: 500, lat: 1, lon: 1 }));
  const asked: number[] = [];
  async function* source() {
    yield Buffer.from(`${lines.join('\n')}\n`);
  }
  await importStations({ kind, pool }, source(), {
    nowMs: Date.now(),
    macs: AT_REST.macs,
    barredAmong: async (_client, macs) => {
      asked.push(...macs);
      return new Set([0x001a2b000001, 0x001a2b000003]);
    },
  });
  for (const kind of ['wifi', 'bluetooth'] as const) {
    const { rows } = await pool.query(`select mac::float8, lat from ${kind}_stations order by lat`);
    expect(rows.map(({ mac, lat }) => ({ mac: openMac(kind, mac), lat }))).toEqual([
      { mac: 0x001a2b000002, lat: 2 },
      { mac: 0x001a2b000004, lat: 4 },
    ]);
  }
  expect(asked).toHaveLength(8);
  expect((await pool.query('select 1 from cells')).rows).toHaveLength(1);
});
