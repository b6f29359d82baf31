import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { clearBatch, createBatch, type StationBatch } from '../../src/stations/columns.ts';
import { CSV_HEADER, createCsvReader, formatCsvLine, readNumber } from '../../src/stations/csv.ts';
import { lineBlocks } from '../../src/stations/lines.ts';
import { createTally, type Tally } from '../../src/stations/tally.ts';
import { anyStation, NOW_MS } from './arbitraries.ts';

function read(text: string, capacity = 100): { batch: StationBatch; tally: Tally } {
  const bytes = Buffer.from(text);
  const batch = createBatch(capacity);
  const tally = createTally();
  const reader = createCsvReader(NOW_MS);
  reader.read(bytes, reader.begin(bytes, tally), batch, tally);
  return { batch, tally };
}

function firstCell(text: string) {
  const { batch, tally } = read(text);
  const { cell } = batch;
  const value = (name: Exclude<keyof typeof cell, 'count'>) => cell[name][0];
  return { count: cell.count, value, rejected: tally.rejected };
}

const FULL = 'UMTS,204,16,1519,13391760,208,4.8933,52.3731,500,25,1,1408371473,1728197583,0';

describe('the cell CSV', () => {
  test('is read with every column that it knows', () => {
    const { value } = firstCell(`${CSV_HEADER}\n${FULL}\n`);
    expect([value('radio'), value('mcc'), value('mnc'), value('area'), value('cellId')]).toEqual([
      2, 204, 16, 1519, 13391760,
    ]);
    expect([value('psc'), value('lat'), value('lon'), value('radiusM'), value('samples')]).toEqual([
      208, 52.3731, 4.8933, 500, 25,
    ]);
    expect([value('createdAt'), value('modifiedAt'), value('lastSeenAt')]).toEqual([
      1408371473000, 1728197583000, 1728197583000,
    ]);
    expect([value('weight'), value('source'), value('blockedAt')]).toEqual([Number.NaN, Number.NaN, Number.NaN]);
    expect(value('blockCount')).toBe(0);
  });

  test.each([
    ['without a header', `${FULL}\n`],
    ['with CRLF', `${CSV_HEADER}\r\n${FULL}\r\n`],
    ['without an end of line at the end', FULL],
    ['with blank lines', `${CSV_HEADER}\n\n${FULL}\n\r\n`],
    [
      'with quotes',
      `${FULL.split(',')
        .map((field) => `"${field}"`)
        .join(',')}\n`,
    ],
    ['with quotes around nothing', `${FULL.replace(',0\n', ',""').replace(/,0$/, ',""')}\n`],
    ['in lower case', `${FULL.toLowerCase()}\n`],
    ['as wcdma', `${FULL.replace('UMTS', 'WCDMA')}\n`],
    [
      'with its columns in another order',
      'lat,lon,cell,area,net,mcc,radio,unit,range,samples,created,updated\n' +
        '52.3731,4.8933,13391760,1519,16,204,UMTS,208,500,25,1408371473,1728197583\n',
    ],
    ['with more columns than we know', `${FULL},a,b,c\n`],
  ])('is read %s', (_, text) => {
    const { count, value, rejected } = firstCell(text);
    expect(rejected).toEqual({});
    expect(count).toBe(1);
    expect([
      value('radio'),
      value('cellId'),
      value('lat'),
      value('lon'),
      value('samples'),
      value('modifiedAt'),
    ]).toEqual([2, 13391760, 52.3731, 4.8933, 25, 1728197583000]);
  });

  test('has unknowns where columns are empty, or filled with what means unknown', () => {
    for (const line of [
      'GSM,202,0,27,5371,,23.82596,38.06442,,,1,,,',
      'GSM,202,0,27,5371,-1,23.82596,38.06442,0,0,1,0,0,0',
    ]) {
      const { count, value } = firstCell(line);
      expect(count).toBe(1);
      for (const name of ['psc', 'radiusM', 'samples', 'createdAt', 'modifiedAt', 'lastSeenAt'] as const) {
        expect(value(name), name).toBeNaN();
      }
    }
  });

  test('keeps NR identities of 36 bits', () => {
    const { value } = firstCell('NR,262,1,16777214,68719476734,,13.4,52.5\n');
    expect([value('radio'), value('area'), value('cellId')]).toEqual([4, 16777214, 68719476734]);
  });

  test.each([
    ['tooFewColumns', 'GSM,202,0,27,5371,,23.8'],
    ['badRadio', FULL.replace('UMTS', 'CDMA')],
    ['badMcc', FULL.replace(',204,', ',0,')],
    ['badMcc', FULL.replace(',204,', ',20x,')],
    ['badMnc', FULL.replace(',16,', ',1000,')],
    ['badArea', FULL.replace(',1519,', ',65534,')],
    ['badArea', FULL.replace(',1519,', ',1519.5,')],
    ['badCell', FULL.replace(',13391760,', ',268435455,')],
    ['badPosition', FULL.replace(',52.3731,', ',90.1,')],
    ['badPosition', FULL.replace(',4.8933,52.3731,', ',0,0,')],
    ['badPosition', FULL.replace(',4.8933,', ',,')],
    ['badTime', FULL.replace(',1728197583,', ',1999999999,')],
    ['badTime', FULL.replace(',1728197583,', ',2024-10-06,')],
  ])('counts a line as %s', (reason, line) => {
    const { batch, tally } = read(`${FULL}\n${line}\n`);
    expect(batch.count).toBe(1);
    expect(tally).toMatchObject({ line: 2, rows: 2, rejected: { [reason]: 1 }, examples: { [reason]: [2] } });
  });

  test('stops at a full batch and goes on from there', () => {
    const bytes = Buffer.from(`${FULL}\n`.repeat(5));
    const reader = createCsvReader(NOW_MS);
    const tally = createTally();
    const batch = createBatch(2);
    const at = reader.read(bytes, 0, batch, tally);
    expect([batch.count, at, tally.line]).toEqual([2, 2 * (FULL.length + 1), 2]);
  });

  test('never throws and never takes what it should not, whatever the bytes', () => {
    const field = fc.oneof(
      fc.constantFrom(
        'GSM',
        'lte',
        '204',
        '0',
        '-1',
        '52.1',
        '""',
        '"',
        '1e999',
        '0x10',
        '.',
        '-',
        '',
        ' 7 ',
        '\u0000',
      ),
      fc.string({ maxLength: 8 }),
    );
    const line = fc.array(field, { maxLength: 20 }).map((fields) => fields.join(','));
    fc.assert(
      fc.property(fc.array(line, { maxLength: 8 }), (lines) => {
        const { batch } = read(lines.join('\n'));
        for (let i = 0; i < batch.cell.count; i++) {
          expect(batch.cell.mcc[i]).toBeGreaterThan(0);
          expect(Math.abs(batch.cell.lat[i])).toBeLessThanOrEqual(90);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('a number', () => {
  const asNumber = (text: string) => readNumber(Buffer.from(text), 0, text.length);

  test('is exactly what Number() reads', () => {
    fc.assert(
      fc.property(
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.integer({ min: 0, max: 12 }),
        (value, decimals) => {
          expect(asNumber(String(value))).toBe(value + 0);
          if (Math.abs(value) < 1e15)
            expect(asNumber(value.toFixed(decimals))).toBe(Number(value.toFixed(decimals)) + 0);
        },
      ),
      { numRuns: 2000 },
    );
  });

  test.each(['', ' ', '-', '.', '1.2.3', '0x10', '1e', 'Infinity', 'NaN', '--1', '1 2', '١'])('is not %j', (text) => {
    expect(asNumber(text)).toBeNaN();
  });
});

test('a line that was written is read back, but for what the CSV cannot say', () => {
  fc.assert(
    fc.property(anyStation, (station) => {
      if (station.type !== 'cell') return;
      const line = formatCsvLine(station);
      const isSilent = station.blockedAt !== null && (station.modifiedAt ?? 0) <= station.blockedAt;
      if (station.lat === null || isSilent) {
        expect(line).toBeNull();
        return;
      }
      const { value, rejected } = firstCell(line!);
      expect(rejected).toEqual({});
      expect([value('radio'), value('cellId'), value('lat'), value('lon')]).toEqual([
        station.radio,
        station.cellId,
        station.lat,
        station.lon,
      ]);
      expect(value('radiusM')).toBe(station.radiusM ? Math.ceil(station.radiusM) : Number.NaN);
      expect(value('psc')).toBe(station.psc || Number.NaN);
      expect(value('modifiedAt')).toBe(Math.floor((station.modifiedAt ?? 0) / 1000) * 1000 || Number.NaN);
    }),
    { numRuns: 1000 },
  );
});

test('a file of any length is read in the memory of one block and one batch', async () => {
  const block = Buffer.from(`${FULL}\n`.repeat(1000));
  const source = (async function* () {
    for (let i = 0; i < 1000; i++) yield block;
  })();
  const batch = createBatch(10_000);
  const tally = createTally();
  const reader = createCsvReader(NOW_MS);
  // What is held, not what waits to be collected: other tests' garbage is in this process too.
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const heldBytes = () => {
    collect();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const before = heldBytes();
  let peakBytes = 0;
  let blocks = 0;
  for await (const { bytes } of lineBlocks(source)) {
    for (let at = 0; at < bytes.length; clearBatch(batch)) at = reader.read(bytes, at, batch, tally);
    if (blocks++ % 100 === 50) peakBytes = Math.max(peakBytes, heldBytes() - before);
  }
  expect(tally).toMatchObject({ rows: 1_000_000, rejected: {} });
  expect(peakBytes).toBeLessThan(64_000_000);
});
