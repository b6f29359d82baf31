import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatStation, readStation } from '../../src/stations/ndjson.ts';
import { anyStation, NOW_MS } from './arbitraries.ts';

const CELL = { type: 'cell', radio: 'lte', mcc: 204, mnc: 8, area: 33, cellId: 1, lat: 52, lon: 4 };
const WIFI = { type: 'wifi', mac: '00:1a:2b:3c:4d:5e', lat: 52, lon: 4 };

describe('station NDJSON', () => {
  test('is read back as it was written, to the bit and the millisecond', () => {
    fc.assert(
      fc.property(anyStation, (station) => {
        const line = formatStation(station);
        expect(line.endsWith('\n')).toBe(true);
        expect(readStation(JSON.parse(line), NOW_MS)).toEqual({ kind: 'station', station });
      }),
      { numRuns: 1000 },
    );
  });

  test('writes identities and times as the contract names them', () => {
    const read = readStation({ ...WIFI, mac: '001A2B3C4D5E', modifiedAt: '2024-01-02T03:04:05.006+01:00' }, NOW_MS);
    expect(read.kind === 'station' && JSON.parse(formatStation(read.station))).toEqual({
      ...WIFI,
      modifiedAt: '2024-01-02T02:04:05.006Z',
    });
  });

  test.each([
    ['malformedLine', []],
    ['malformedLine', 'wifi'],
    ['badType', { ...WIFI, type: 'wlan' }],
    ['badMac', { ...WIFI, mac: '00:1a:2b:3c:4d' }],
    ['badMac', { ...WIFI, mac: '01:00:5e:00:00:01' }],
    ['locallyAdministered', { ...WIFI, mac: '02:1a:2b:3c:4d:5e' }],
    ['badRadio', { ...CELL, radio: 'cdma' }],
    ['badMcc', { ...CELL, mcc: '204' }],
    ['badMnc', { ...CELL, mnc: 1000 }],
    ['badArea', { ...CELL, area: 0 }],
    ['badCell', { ...CELL, cellId: 2 ** 28 }],
    ['badCell', { ...CELL, psc: 504 }],
    ['badPosition', { ...WIFI, lat: 0, lon: 0 }],
    ['badPosition', { ...WIFI, lat: null }],
    ['badPosition', { ...WIFI, lon: 181 }],
    ['badEvidence', { ...WIFI, radiusM: -1 }],
    ['badEvidence', { ...WIFI, samples: 1.5 }],
    ['badEvidence', { ...WIFI, source: 'toString' }],
    ['badEvidence', { ...WIFI, blockCount: 40_000 }],
    ['badTime', { ...WIFI, modifiedAt: 1_700_000_000_000 }],
    ['badTime', { ...WIFI, modifiedAt: '2024-13-01' }],
    ['badTime', { ...WIFI, lastSeenAt: '2026-07-01T00:00:00Z' }],
    ['badTime', { ...WIFI, blockedAt: '2024-01-01T00:00:00' }],
  ])('rejects a line with %s', (reason, value) => {
    expect(readStation(value, NOW_MS)).toEqual({ kind: 'reject', reason });
  });

  test('takes any JSON without throwing', () => {
    const keyed = fc
      .record({ type: fc.constantFrom('wifi', 'cell', 'area', 'bluetooth') })
      .chain((start) =>
        fc
          .dictionary(
            fc.constantFrom('mac', 'radio', 'mcc', 'mnc', 'area', 'cellId', 'lat', 'lon', 'source'),
            fc.jsonValue(),
          )
          .map((rest) => ({ ...start, ...rest })),
      );
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), keyed), (value) => {
        expect(['station', 'reject']).toContain(readStation(value, NOW_MS).kind);
      }),
      { numRuns: 1000 },
    );
  });
});
