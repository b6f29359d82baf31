import { createReadStream, existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { exportStations } from '../../src/stations/export.ts';
import { type ImportOptions, type ImportSummary, importStations } from '../../src/stations/import.ts';
import { formatStation } from '../../src/stations/ndjson.ts';
import type { Station } from '../../src/stations/station.ts';
import type { Store } from '../../src/storage/open.ts';
import { AT_REST } from '../support/at-rest.ts';
import { openTestStore } from '../support/store.ts';
import { anyStation, identityOf, NOW_MS } from './arbitraries.ts';

let store: Store;
beforeAll(async () => {
  store = await openTestStore();
});
beforeEach(async () => {
  await store.pool.query('truncate cells, areas, wifi_stations, bluetooth_stations, import_progress, feed_positions');
});

async function* pieces(text: string | Uint8Array, size = 1000): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

function load(text: string | Uint8Array, options: Partial<ImportOptions> = {}): Promise<ImportSummary> {
  return importStations(store, pieces(text), { nowMs: NOW_MS, macs: AT_REST.macs, ...options });
}

async function dump(format: 'csv' | 'ndjson' = 'ndjson'): Promise<string> {
  let text = '';
  for await (const piece of exportStations(store, { format, macs: AT_REST.macs, pageRows: 7 })) text += piece;
  return text;
}

async function stored(): Promise<Record<string, unknown>[]> {
  const lines = (await dump()).split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line));
}

const wifi = (more: object) =>
  `${JSON.stringify({ type: 'wifi', mac: '00:1a:2b:3c:4d:5e', lat: 52, lon: 4, ...more })}\n`;

test.each(['\n', '\r\n \n', '\ufeff', '\ufeff\n'])('lines of JSON are known as such behind %j', async (before) => {
  expect(await load(before + wifi({}))).toMatchObject({ rows: 1, upserted: 1 });
});

test('lines of JSON are known as such where the first piece has only blanks', async () => {
  async function* inPieces() {
    yield Buffer.from('\ufeff\n');
    yield Buffer.from(wifi({}));
    yield Buffer.from('{}\n');
  }
  const summary = await importStations(store, inPieces(), { nowMs: NOW_MS, macs: AT_REST.macs });
  expect(summary).toMatchObject({ rows: 2, upserted: 1 });
  expect(Object.values(summary.examples)).toEqual([[3]]);
});

describe('newer evidence wins', () => {
  const old = { modifiedAt: '2024-01-01T00:00:00.000Z' };
  const young = { modifiedAt: '2025-01-01T00:00:00.000Z' };

  test.each([
    ['a newer row replaces an older one', old, young, 1],
    ['an older row changes nothing', young, old, 0],
    ['a dated row replaces one of unknown age', {}, old, 1],
    ['a row of unknown age never replaces a dated one', old, {}, 0],
    ['of two rows of unknown age the last one stays', {}, {}, 1],
    ['of two rows of the same age the last one stays', old, old, 1],
  ])('%s, in one file or in two', async (_, first, second, wins) => {
    const a = wifi({ lat: 1, ...first });
    const b = wifi({ lat: 2, ...second });
    await load(a);
    expect((await load(b)).upserted).toBe(wins);
    expect((await stored())[0].lat).toBe(1 + wins);
    await store.pool.query('truncate wifi_stations');
    expect(await load(a + b)).toMatchObject({ rows: 2, upserted: 1, unchanged: 1 });
    expect((await stored())[0].lat).toBe(1 + wins);
  });

  test('an import never lifts a block nor forgets when a station was first seen', async () => {
    const blocked = { blockedAt: '2024-05-01T00:00:00.000Z', blockCount: 3, createdAt: '2020-01-01T00:00:00.000Z' };
    await load(wifi({ ...old, ...blocked }));
    await load(wifi({ ...young, createdAt: '2023-01-01T00:00:00.000Z' }));
    expect(await stored()).toEqual([{ type: 'wifi', mac: '00:1a:2b:3c:4d:5e', lat: 52, lon: 4, ...young, ...blocked }]);
  });

  test('the result does not depend on how the file falls into batches', async () => {
    const few = fc.array(
      fc.record({
        mac: fc.constantFrom('00:00:00:00:00:01', '00:00:00:00:00:02'),
        lat: fc.integer({ min: 1, max: 3 }),
        modifiedAt: fc.option(fc.constantFrom('2024-01-01', '2025-01-01'), { nil: undefined }),
        createdAt: fc.option(fc.constantFrom('2022-01-01', '2023-01-01'), { nil: undefined }),
        blockCount: fc.integer({ min: 0, max: 2 }),
      }),
      { maxLength: 8 },
    );
    await fc.assert(
      fc.asyncProperty(few, async (rows) => {
        const text = rows.map((row) => wifi(row)).join('');
        await store.pool.query('truncate wifi_stations');
        await load(text, { batchRows: 1 });
        const oneByOne = await dump();
        await store.pool.query('truncate wifi_stations');
        await load(text);
        expect(await dump()).toBe(oneByOne);
      }),
      { numRuns: 20 },
    );
  });
});

describe('an import', () => {
  const csv = Array.from(
    { length: 500 },
    (_, i) => `LTE,204,8,${1 + (i % 7)},${i + 1},,4.${i + 100},52.${i + 100},,,1,,,\n`,
  );

  test('writes nothing the second time, so that nobody has to read it again', async () => {
    expect(await load(csv.join(''))).toMatchObject({ rows: 500, upserted: 500, unchanged: 0, areas: { areas: 7 } });
    const state = async () =>
      (
        await store.pool.query(`select max(changed::text::bigint) as changed, max(xmin::text::bigint) as xmin,
         max(xmax::text::bigint) as xmax from cells`)
      ).rows;
    const before = await state();
    expect(await load(csv.join(''))).toMatchObject({ rows: 500, upserted: 0, unchanged: 500 });
    expect(await state()).toEqual(before);
  });

  test('takes what is known, changed and new in one file', async () => {
    await load(csv.slice(0, 300).join(''));
    const changed = csv.map((line, i) => (i < 100 ? line.replace(',52.', ',53.') : line));
    expect(await load(changed.join(''))).toMatchObject({ upserted: 300, unchanged: 200 });
    expect((await stored()).filter(({ type, lat }) => type === 'cell' && Number(lat) >= 53)).toHaveLength(100);
  });

  test('marks what it wrote for whoever follows the changes', async () => {
    const position = async () =>
      (await store.pool.query('select pg_snapshot_xmin(pg_current_snapshot())::text as x')).rows[0].x;
    const since = await position();
    await load(csv.join(''));
    const news = async () => {
      const { rows } = await store.pool.query(
        `select count(*)::int as count from cells where changed >= $1::text::xid8 and changed < $2::text::xid8`,
        [since, await position()],
      );
      return rows[0].count;
    };
    // On a server of many databases the oldest transaction still at work may be somebody else's.
    await expect.poll(news, { timeout: 20_000 }).toBe(500);
  });

  test('counts what it leaves out, with line numbers and nothing else', async () => {
    const text = `${csv[0]}CDMA,1,2,3,4,,5.5,6.6\n${csv[1]}${'x'.repeat(70_000)}\n\nGSM,204,8,1,70000,,4,52\n`;
    const summary = await load(text);
    expect(summary).toMatchObject({
      rows: 5,
      upserted: 2,
      unchanged: 0,
      rejected: { badRadio: 1, lineTooLong: 1, badCell: 1 },
      examples: { badRadio: [2], lineTooLong: [4], badCell: [6] },
    });
    expect(JSON.stringify(summary)).not.toContain('6.6');
  });

  test('reads gzip, and NDJSON of all types', async () => {
    const stations = fc.sample(anyStation, { numRuns: 50, seed: 1 });
    const summary = await load(gzipSync(stations.map(formatStation).join('')));
    expect(summary).toMatchObject({ rows: 50, rejected: {} });
    expect(summary.upserted + summary.unchanged).toBe(50);
  });

  test('of nothing, of a header or of junk stores nothing', async () => {
    expect(await load('')).toMatchObject({ rows: 0, upserted: 0 });
    expect(await load('radio,mcc,net,area,cell,unit,lon,lat\n')).toMatchObject({ rows: 0, rejected: {} });
    expect(await load('{"a":1}\n{\n')).toMatchObject({ rows: 2, rejected: { badType: 1, malformedLine: 1 } });
    expect(await load(new Uint8Array(5000))).toMatchObject({ upserted: 0 });
  });

  test('that was interrupted goes on where it stopped', async () => {
    const header = 'lat,lon,cell,area,net,mcc,radio\n';
    const rows = csv.map((line) => {
      const [radio, mcc, net, area, cell, , lon, lat] = line.split(',');
      return `${[lat, lon, cell, area, net, mcc, radio].join(',')}\n`;
    });
    const text = `\ufeff${header}${rows.slice(0, 250).join('')}${'x'.repeat(70_000)}\n${rows.slice(250).join('')}`;
    const options = { resumeKey: 'a file', batchRows: 50 };
    let linesBefore = 0;
    for (let run = 0; run < 20; run++) {
      const stop = new AbortController();
      const summary = await load(text, { ...options, signal: stop.signal, onProgress: () => stop.abort() });
      expect(summary.resumedAfterLine).toBe(linesBefore);
      linesBefore += summary.rows + (run === 0 ? 1 : 0);
      if (!summary.interrupted) break;
      expect(summary.rows).toBeLessThan(400);
    }
    expect(linesBefore).toBe(502);
    expect((await store.pool.query('select count(*)::int as count from cells')).rows[0].count).toBe(500);
    expect((await store.pool.query('select from import_progress')).rows).toEqual([]);
    expect(await load(text, options)).toMatchObject({
      resumedAfterLine: 0,
      unchanged: 500,
      rejected: { lineTooLong: 1 },
    });
  });

  test('whose source breaks off keeps what was stored, and says so by rejecting', async () => {
    const broken = (async function* () {
      yield* pieces(csv.slice(0, 200).join(''));
      throw new Error('the disk is gone');
    })();
    const importing = importStations(store, broken, {
      ...{ nowMs: NOW_MS, macs: AT_REST.macs },
      ...{ batchRows: 50, resumeKey: 'k' },
    });
    await expect(importing).rejects.toThrow('the disk is gone');
    expect(await load(csv.join(''), { batchRows: 50, resumeKey: 'k' })).toMatchObject({
      resumedAfterLine: 200,
      rows: 300,
    });
  });
});

describe('what is exported and imported again', () => {
  test('is the same, station by station and field by field', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyStation, { maxLength: 30 }), async (some) => {
        const stations = new Map(some.map((station) => [identityOf(station), station]));
        // An area that has cells is derived from them; that is tested with areas.
        const areasOfCells = new Set<string>();
        for (const s of stations.values()) {
          if (s.type === 'cell') areasOfCells.add(identityOf({ ...s, type: 'area' } as Station));
        }
        for (const key of areasOfCells) stations.delete(key);
        const empty = () =>
          store.pool.query('truncate cells, areas, wifi_stations, bluetooth_stations, feed_positions');
        await empty();
        await load([...stations.values()].map(formatStation).join(''));
        const first = await dump();
        for (const station of stations.values()) expect(first).toContain(formatStation(station));
        await empty();
        await load(first);
        expect(await dump()).toBe(first);
      }),
      { numRuns: 20 },
    );
  });

  test('as CSV keeps what the CSV can say', async () => {
    const cells = fc.sample(anyStation, { numRuns: 1500, seed: 5 }).filter(({ type }) => type === 'cell');
    await load(cells.map(formatStation).join(''));
    const first = await dump('csv');
    expect(first.split('\n').length).toBeGreaterThan(20);
    await store.pool.query('truncate cells');
    await load(first);
    expect(await dump('csv')).toBe(first);
  });
});

const data = fileURLToPath(new URL('../../../shared/data/celldb/', import.meta.url));
describe.skipIf(!existsSync(data))('real cell files (skipped: ../shared/data is not there)', () => {
  test.each([
    ['mls_2024-03-15_45mcc.csv.gz', 20_000],
    ['mls_2023-01-09_204_206_272.csv.gz', 20_000],
    ['opencellid_204_netherlands_2026-02.csv.gz', 20_000],
  ])('%s is read nearly without rejects', async (file, wanted) => {
    const stop = new AbortController();
    const summary = await importStations(store, createReadStream(data + file), {
      nowMs: Date.UTC(2026, 11, 1),
      macs: AT_REST.macs,
      signal: stop.signal,
      onProgress: (rows) => {
        if (rows >= wanted) stop.abort();
      },
    });
    expect(summary.rows).toBeGreaterThanOrEqual(wanted);
    const rejects = Object.values(summary.rejected).reduce((sum, count) => sum + count, 0);
    expect(rejects).toBeLessThan(20);
    expect(summary.upserted + summary.unchanged + rejects).toBe(summary.rows);
  });
});
