import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  createFoundStations,
  type FoundStations,
  MAC_KIND,
  type StationReader,
} from '../../src/stations/index-contract.ts';
import { openStationReader } from '../../src/stations/index-reader.ts';
import { createStationIndex } from '../../src/stations/index-writer.ts';
import {
  addCellKey,
  addMacKeys,
  createStationKeys,
  findEach,
  type StationKeys,
} from '../../src/stations/look-up-contract.ts';
import { createMemoryStations } from '../support/memory-stations.ts';

/** What a reader says of each row; null = not known. */
function told(find: (keys: StationKeys, out: FoundStations, found: Uint8Array) => void, keys: StationKeys): unknown[] {
  const out = createFoundStations(keys.count);
  const found = new Uint8Array(keys.count).fill(7);
  find(keys, out, found);
  return Array.from(found, (hit, i) => {
    if (hit !== 0 && hit !== 1) throw new Error('a row without an answer');
    return hit === 1 ? Object.values(out).map((column) => column[i]) : null;
  });
}

const mac = fc.oneof(
  fc.nat(60),
  fc.nat(60).map((n) => n * 2 ** 40 + n),
  fc.constantFrom(-1, 2 ** 50),
);
const cell = fc.tuple(
  fc.constantFrom(0, 1, 3, 5, 9),
  fc.constantFrom(1, 999, 1000),
  fc.nat(2),
  fc.constantFrom(1, 2, 2 ** 24),
  fc.constantFrom(1, 2, 2 ** 35, 2 ** 36),
);
const key = fc.oneof(fc.tuple(fc.constantFrom(MAC_KIND.wifi, MAC_KIND.bluetooth), mac), cell);

test('a batch of addresses and cells is told what each of them is told alone', () => {
  const index = createStationIndex({ seed: [3, 4] });
  const resident = openStationReader(index.handle());
  index.onGrow(resident.adopt);
  const memory = createMemoryStations();
  let known = 0;
  fc.assert(
    fc.property(
      fc.array(key, { maxLength: 80, size: 'max' }),
      fc.array(key, { maxLength: 100, size: 'max' }),
      (put, wanted) => {
        for (const row of put) {
          const station = { lat: known++ / 1e3, lon: 1, radiusM: 20, samples: 3, lastSeenDay: 9, flags: 1, detail: 4 };
          if (row.length === 2) {
            if (index.upsertMac(row[0], row[1], station)) memory.putMac(row[0], row[1], station);
          } else if (index.upsertCell(...row, station)) memory.putCell(...row, station);
        }
        const keys = createStationKeys(wanted.length);
        for (const row of wanted) {
          if (row.length === 2) addMacKeys(keys, row[0], Float64Array.of(row[1]), 1);
          else addCellKey(keys, ...row);
        }
        const alone = (reader: StationReader) => told((...args) => findEach(reader, ...args), keys);
        expect(told(resident.findAll, keys)).toEqual(alone(resident));
        expect(told(resident.findAll, keys)).toEqual(told(memory.findAll, keys));
      },
    ),
    { numRuns: 200 },
  );
  expect(known).toBeGreaterThan(1_000);
});

test('keys that do not fit are not added, and say so', () => {
  const keys = createStationKeys(3);
  expect(addMacKeys(keys, MAC_KIND.wifi, Float64Array.of(1, 2), 2)).toBe(0);
  expect(addCellKey(keys, 1, 2, 3, 4, 5)).toBe(2);
  expect(addCellKey(keys, 1, 2, 3, 4, 6)).toBe(-1);
  expect(addMacKeys(keys, MAC_KIND.wifi, Float64Array.of(1, 2), 2)).toBe(3);
  expect(keys.count).toBe(3);
});
