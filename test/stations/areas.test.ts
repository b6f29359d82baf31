import fc from 'fast-check';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { distanceM } from '../../src/geo/distance.ts';
import { summariseArea } from '../../src/stations/area-summary.ts';
import { deriveAreas } from '../../src/stations/areas.ts';
import { importStations } from '../../src/stations/import.ts';
import type { Store } from '../../src/storage/open.ts';
import { DAY_MS } from '../../src/time/spans.ts';
import { AT_REST } from '../support/at-rest.ts';
import { openTestStore } from '../support/store.ts';
import { NOW_MS } from './arbitraries.ts';

describe('the summary of an area', () => {
  const unknown = (n: number) => Array.from({ length: n }, () => Number.NaN);
  /** A grid of 400 cells, 1.1 km apart. */
  const grid = (lat: number, lon: number) => ({
    lat: Array.from({ length: 400 }, (_, i) => lat + 0.01 * (i % 20)),
    lon: Array.from({ length: 400 }, (_, i) => lon + 0.01 * Math.floor(i / 20)),
  });

  test('holds 95 % of its cells with their range', () => {
    const cluster = fc.record({
      lat: fc.double({ min: -80, max: 80, noNaN: true }),
      lon: fc.double({ min: -180, max: 180, noNaN: true }),
      offsets: fc.array(
        fc.tuple(fc.double({ min: -0.1, max: 0.1, noNaN: true }), fc.double({ min: -0.1, max: 0.1, noNaN: true })),
        {
          minLength: 1,
          maxLength: 60,
        },
      ),
      rangeM: fc.integer({ min: 1, max: 5000 }),
    });
    fc.assert(
      fc.property(cluster, ({ lat, lon, offsets, rangeM }) => {
        const lats = offsets.map(([d]) => lat + d);
        const lons = offsets.map(([, d]) => ((lon + d + 540) % 360) - 180);
        const { center, outliers } = summariseArea({ radio: 3, lat: lats, lon: lons, rangeM: lats.map(() => rangeM) });
        expect(outliers).toBe(0);
        const inside = lats.filter(
          (value, i) => distanceM(center!.lat, center!.lon, value, lons[i]) + rangeM <= center!.radiusM,
        );
        expect(inside.length).toBeGreaterThanOrEqual(Math.ceil(0.95 * lats.length));
        expect(center!.radiusM).toBeLessThan(65_000);
      }),
    );
  });

  test('does not move for one cell in ten that is misplaced', () => {
    const { lat, lon } = grid(52, 4);
    const clean = summariseArea({ radio: 3, lat, lon, rangeM: unknown(400) });
    const spoilt = { lat: lat.slice(), lon: lon.slice() };
    for (let i = 0; i < 40; i++) {
      spoilt.lat[i * 10] = -30 + i;
      spoilt.lon[i * 10] = 100 + i;
    }
    const robust = summariseArea({ radio: 3, ...spoilt, rangeM: unknown(400) });
    expect(robust.outliers).toBe(40);
    expect(distanceM(clean.center!.lat, clean.center!.lon, robust.center!.lat, robust.center!.lon)).toBeLessThan(2_000);
    expect(robust.center!.radiusM).toBeLessThan(1.2 * clean.center!.radiusM);
  });

  test('is as good across the antimeridian as anywhere', () => {
    const here = summariseArea({ radio: 3, ...grid(-17, 10), rangeM: unknown(400) }).center!;
    const { lat, lon } = grid(-17, 179.9);
    const folded = lon.map((value) => (value > 180 ? value - 360 : value));
    const there = summariseArea({ radio: 3, lat, lon: folded, rangeM: unknown(400) }).center!;
    expect(there.radiusM).toBeCloseTo(here.radiusM, -1);
    expect(distanceM(there.lat, there.lon, -17 + 0.095, -180 - 0.005)).toBeLessThan(10);
  });

  test('of few cells admits how little it knows, and of contradicting ones knows nothing', () => {
    const one = { radio: 1 as const, lat: [52], lon: [4], rangeM: [500] };
    expect(summariseArea(one)).toEqual({ center: { lat: 52, lon: 4, radiusM: 60_000 }, outliers: 0 });
    expect(summariseArea({ radio: 1, lat: [52, -30], lon: [4, 150], rangeM: unknown(2) }).center).toBeNull();
  });
});

describe('the oldest cells of an area', () => {
  const vienna = Array.from({ length: 40 }, (_, i) => ({ lat: 48.2 + 0.002 * i, lon: 16.37, createdAtMs: i * DAY_MS }));
  const invented = (spreadDeg: number) =>
    Array.from({ length: 1000 }, (_, i) => ({
      lat: 52.5 + (spreadDeg * (i - 500)) / 500,
      lon: 13.4,
      createdAtMs: 400 * DAY_MS,
    }));
  const summarise = (cells: readonly { lat: number; lon: number; createdAtMs: number }[]) =>
    summariseArea({
      radio: 3,
      lat: cells.map(({ lat }) => lat),
      lon: cells.map(({ lon }) => lon),
      rangeM: cells.map(() => 1_000),
      createdAtMs: cells.map(({ createdAtMs }) => createdAtMs),
    }).center;

  test.each([
    ['at one place', 0],
    ['so spread that none seems misplaced', 1.5],
  ])('are not outvoted by any number of newer ones %s: nothing is known then', (_how, spreadDeg) => {
    expect(summarise([...vienna, ...invented(spreadDeg)])).toBeNull();
    expect(summarise([...invented(spreadDeg), ...vienna])).toBeNull();
  });

  test('are outvoted where most of them are misplaced themselves among as old ones, or nobody knows which are the oldest', () => {
    expect(summarise([...vienna, ...invented(0)].map((cell) => ({ ...cell, createdAtMs: Number.NaN })))).not.toBeNull();
    const misplaced = vienna.map((cell, i) => (i === 1 || i === 4 ? { ...cell, lat: -30 } : cell));
    expect(summarise(misplaced)).toMatchObject({ lon: 16.37 });
  });

  test.each([1, 2, 3, 4, 5])('are not outvoted where there are but %i', (known) => {
    const few = vienna.slice(0, known);
    expect(summarise(few)).toMatchObject({ lon: 16.37 });
    expect(summarise([...few, ...invented(0).slice(0, 60)])).toBeNull();
    // Of those that came in between, some were right.
    expect(summarise([...few, ...invented(0).slice(0, 60), ...vienna.slice(20)])).toBeNull();
  });

  test('need not be in the circle by a hair: one cell in twenty is not', () => {
    const beside = { ...vienna[0], lat: 48.2 + 0.149, createdAtMs: -DAY_MS };
    const others = vienna.map((cell, i) => ({ ...cell, lat: 48.2 + 0.001 * (i % 10) }));
    const alone = summarise(others)!;
    const outM = distanceM(beside.lat, beside.lon, alone.lat, alone.lon);
    expect(outM).toBeGreaterThan(alone.radiusM);
    expect(outM).toBeLessThan(1.25 * alone.radiusM);
    expect(summarise([beside, ...others])).not.toBeNull();
  });

  test('that nobody dated are older than any that came since', () => {
    const undated = vienna.map((cell) => ({ ...cell, createdAtMs: Number.NaN }));
    expect(summarise([...undated, ...invented(0)])).toBeNull();
    expect(summarise(undated)).toMatchObject({ lon: 16.37 });
  });
});

describe('areas in the store', () => {
  let store: Store;
  beforeAll(async () => {
    store = await openTestStore();
  });
  beforeEach(async () => {
    await store.pool.query('truncate cells, areas, feed_positions');
  });

  async function load(lines: object[]) {
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
    const source = (async function* () {
      yield Buffer.from(text);
    })();
    return importStations(store, source, { nowMs: NOW_MS, macs: AT_REST.macs });
  }
  async function derive() {
    const client = await store.pool.connect();
    try {
      return await deriveAreas(client);
    } finally {
      client.release();
    }
  }
  const area = { type: 'area', radio: 'lte', mcc: 204, mnc: 8, area: 7 };
  const cell = (cellId: number, more: object = {}) => ({
    ...area,
    type: 'cell',
    cellId,
    lat: 52,
    lon: 4 + cellId / 100,
    ...more,
  });
  const rows = async () =>
    (await store.pool.query('select area, cells, lat, lon, radius_m, samples, last_seen_at from areas order by area'))
      .rows;

  test('follow their cells: born, moved and emptied with them', async () => {
    await load([cell(1), cell(2, { lastSeenAt: '2025-01-01T00:00:00Z' }), cell(3), cell(9, { area: 8 })]);
    expect(await rows()).toMatchObject([
      { area: 7, cells: 3, samples: 3, lat: 52, lon: 4.02, last_seen_at: String(Date.UTC(2025, 0, 1)) },
      { area: 8, cells: 1, lat: 52 },
    ]);
    await store.pool.query('update cells set lat = null, lon = null, changed = pg_current_xact_id() where area = 8');
    await store.pool.query('update cells set lat = 53, changed = pg_current_xact_id() where area = 7');
    await derive();
    expect(await rows()).toMatchObject([
      { area: 7, cells: 3, lat: 53 },
      { area: 8, cells: 0, lat: null, lon: null, radius_m: null },
    ]);
  });

  test('are derived by the next run if a run before was stopped', async () => {
    await load([cell(1)]);
    await store.pool.query('update cells set lat = 53, changed = pg_current_xact_id()');
    const client = await store.pool.connect();
    await deriveAreas(client, AbortSignal.abort());
    client.release();
    expect(await rows()).toMatchObject([{ lat: 52 }]);
    await derive();
    expect(await rows()).toMatchObject([{ lat: 53 }]);
  });

  test('are not touched when they come out as they were', async () => {
    await load([cell(1), cell(2)]);
    const changed = async () => (await store.pool.query('select changed::text from areas')).rows;
    const before = await changed();
    await store.pool.query('update cells set psc = 5, changed = pg_current_xact_id()');
    expect((await derive()).areas).toBeGreaterThan(0);
    expect(await changed()).toEqual(before);
  });

  test('that were imported stay until cells are known, and never come back over them', async () => {
    await load([{ ...area, lat: 10, lon: 10, radiusM: 5000 }]);
    expect(await rows()).toMatchObject([{ cells: null, lat: 10, radius_m: 5000 }]);
    await load([cell(1), { ...area, lat: 11, lon: 11, radiusM: 5000 }]);
    expect(await rows()).toMatchObject([{ cells: 1, lat: 52 }]);
    expect(await load([{ ...area, lat: 12, lon: 12 }])).toMatchObject({ upserted: 0, unchanged: 1 });
    expect(await rows()).toMatchObject([{ cells: 1, lat: 52 }]);
  });

  test('say nothing once a hundred newer cells claim that they are elsewhere', async () => {
    const dated = (from: number, n: number, createdAt: string, more: object) =>
      Array.from({ length: n }, (_, i) => cell(from + i, { createdAt, lon: 4, ...more }));
    await load(dated(1, 9, '2024-01-01T00:00:00Z', {}));
    expect(await rows()).toMatchObject([{ cells: 9, lat: 52 }]);
    await load(dated(100, 100, '2025-06-01T00:00:00Z', { lat: 41 }));
    expect(await rows()).toMatchObject([{ cells: 109, lat: null, lon: null, radius_m: null }]);
  });

  test('leave out blocked cells', async () => {
    await load([cell(1), cell(300, { blockedAt: '2025-01-01T00:00:00Z' })]);
    expect(await rows()).toMatchObject([{ cells: 1, lon: 4.01 }]);
  });

  test('are all found among more changes than one look takes', async () => {
    await store.pool.query(`insert into cells (radio, mcc, mnc, area, cell_id, lat, lon)
      select 3, 204, 8, 1 + n % 50, n, 52, 4 from generate_series(1, 60000) n`);
    await load([cell(1, { area: 60 })]);
    expect(await rows()).toHaveLength(51);
  });

  test('are derived bit by bit where a run must be short, each run behind the one before', async () => {
    await store.pool.query(`insert into cells (radio, mcc, mnc, area, cell_id, lat, lon)
      select 3, 204, 8, 1 + n % 50, n, 52, 4 from generate_series(1, 50001) n`);
    await store.pool.query(
      'insert into cells (radio, mcc, mnc, area, cell_id, lat, lon) values (3, 204, 8, 60, 1, 52, 4)',
    );
    const client = await store.pool.connect();
    // Somebody else's open transaction on the same server holds the saved position back: then a run looks at the 50 once more.
    expect((await deriveAreas(client, undefined, 10)).areas).toBe(50);
    expect(await rows()).toHaveLength(50);
    for (let run = 0; run < 200 && (await rows()).length < 51; run++) await deriveAreas(client, undefined, 10);
    client.release();
    expect(await rows()).toHaveLength(51);
  });
});
