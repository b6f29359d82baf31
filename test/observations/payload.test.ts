import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeReport, encodeReport } from '../../src/observations/payload.ts';
import type { AdmittedReport } from '../../src/observations/report.ts';
import { MAX_CELL } from '../../src/radio/cell.ts';
import { UNKNOWN_DBM } from '../../src/radio/signal.ts';
import { HOUR_MS } from '../../src/time/spans.ts';
import { admitted } from '../support/admitted.ts';

const scaled = (max: number, scale: number) =>
  fc.oneof(
    fc.constant(Number.NaN),
    fc.integer({ min: 0, max: max * scale }).map((n) => n / scale),
  );
const age = fc.oneof(fc.constant(Number.NaN), fc.integer({ min: -30_000, max: 30_000 }));
const mac = fc.record({
  mac: fc.integer({ min: 1, max: 2 ** 48 - 1 }),
  dbm: fc.oneof(fc.constant(UNKNOWN_DBM), fc.integer({ min: -127, max: -1 })),
  ageMs: age,
});
const radio = fc.constantFrom(1 as const, 2 as const, 3 as const, 4 as const);
const cell = fc.record({
  radio,
  mcc: fc.integer({ min: 1, max: 999 }),
  mnc: fc.integer({ min: 0, max: 999 }),
  area: fc.integer({ min: 1, max: 0xff_ffff }),
  cellId: fc.oneof(fc.integer({ min: 1, max: 0xffff }), fc.integer({ min: 1, max: MAX_CELL[4] })),
  psc: fc.integer({ min: -1, max: 1007 }),
  timingAdvance: fc.integer({ min: -1, max: 1282 }),
  dbm: fc.oneof(fc.constant(UNKNOWN_DBM), fc.integer({ min: -156, max: -25 })),
  ageMs: age,
  serving: fc.boolean(),
});
const report: fc.Arbitrary<AdmittedReport> = fc.record({
  lat: fc.integer({ min: -9e8, max: 9e8 }).map((n) => n / 1e7),
  lon: fc.integer({ min: -18e8, max: 18e8 }).map((n) => n / 1e7),
  accuracyM: scaled(1_000, 10),
  speedMps: scaled(50, 100),
  fused: fc.boolean(),
  timeMs: fc.integer({ min: 0, max: 1_000_000 }).map((n) => n * HOUR_MS),
  wifi: fc.array(mac),
  bluetooth: fc.array(mac),
  cells: fc.array(cell),
  neighbours: fc.array(
    fc.record({ radio, psc: fc.integer({ min: 0, max: 1007 }), dbm: fc.integer({ min: -156, max: -25 }) }),
  ),
});

test('a report comes back from its bytes as it went in', () => {
  fc.assert(
    fc.property(report, (one) => {
      // Zeros have one sign in the bytes.
      const unsigned = JSON.parse(JSON.stringify({ ...one, lat: one.lat + 0, lon: one.lon + 0 }));
      expect(JSON.parse(JSON.stringify(decodeReport(encodeReport(one))))).toEqual(unsigned);
    }),
    { numRuns: 500 },
  );
});

test('cut bytes and another version are refused, not misread', () => {
  const bytes = encodeReport(fc.sample(report, { seed: 5, numRuns: 1 })[0]);
  for (let length = 1; length < bytes.length; length++)
    expect(() => decodeReport(bytes.subarray(0, length))).toThrow(RangeError);
  const other = Buffer.from(bytes);
  other[0] = 99;
  expect(() => decodeReport(other)).toThrow(RangeError);
});

test('an access point costs nine bytes', () => {
  const one = admitted({ wifi: [{ mac: 0x001122334455, dbm: -60, ageMs: 0 }] });
  expect(encodeReport(one).length - encodeReport(admitted({})).length).toBe(9);
});
