import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createFoundStations, MAC_KIND, type MacKind } from '../../src/stations/index-contract.ts';
import { openStationReader } from '../../src/stations/index-reader.ts';
import { createStationIndex, type IndexedStation } from '../../src/stations/index-writer.ts';

const SEED = [11, 22] as const;

function station(lat: number, lon: number, over: Partial<IndexedStation> = {}): IndexedStation {
  return { lat, lon, radiusM: 100, samples: 7, lastSeenDay: 20_000, flags: 1, detail: -1, ...over };
}

function open(expected?: number) {
  const index = createStationIndex({ seed: SEED, expected });
  const reader = openStationReader(index.handle());
  index.onGrow(reader.adopt);
  return { index, reader };
}

describe('one station', () => {
  test('is found with everything it was written with', () => {
    const { index, reader } = open();
    const out = createFoundStations(3);
    index.upsertCell(4, 310, 260, 0xffffff, 0xf_ffff_fffe, {
      lat: -33.8567844,
      lon: 151.2152967,
      radiusM: 2500,
      samples: 16,
      lastSeenDay: 20_555,
      flags: 5,
      detail: 1007,
    });
    expect(reader.findCell(4, 310, 260, 0xffffff, 0xf_ffff_fffe, out, 2)).toBe(true);
    expect([out.lat[2], out.lon[2], out.samples[2], out.lastSeenDay[2], out.flags[2], out.detail[2]]).toEqual([
      -33.8567844, 151.2152967, 16, 20_555, 5, 1007,
    ]);
    expect(Math.abs(out.radiusM[2] - 2500)).toBeLessThanOrEqual(10);
    expect(out.lat[0]).toBe(0);
  });

  test('is not found under the next cell id, area, network or radio, nor as an area', () => {
    const { index, reader } = open();
    const out = createFoundStations(1);
    index.upsertCell(3, 262, 1, 1000, 2 ** 27, station(52, 13));
    expect(reader.findCell(3, 262, 1, 1000, 2 ** 27, out, 0)).toBe(true);
    expect(reader.findCell(3, 262, 1, 1000, 2 ** 27 + 1, out, 0)).toBe(false);
    expect(reader.findCell(3, 262, 1, 1001, 2 ** 27, out, 0)).toBe(false);
    expect(reader.findCell(3, 262, 2, 1000, 2 ** 27, out, 0)).toBe(false);
    expect(reader.findCell(2, 262, 1, 1000, 2 ** 27, out, 0)).toBe(false);
    expect(reader.findArea(3, 262, 1, 1000, out, 0)).toBe(false);
  });

  test('an area is found as an area and removed as one', () => {
    const { index, reader } = open();
    const out = createFoundStations(1);
    index.upsertArea(1, 1, 1, 65_533, station(1, 2));
    expect(reader.findArea(1, 1, 1, 65_533, out, 0)).toBe(true);
    expect(index.removeArea(1, 1, 1, 65_533)).toBe(true);
    expect(index.removeArea(1, 1, 1, 65_533)).toBe(false);
    expect(reader.findArea(1, 1, 1, 65_533, out, 0)).toBe(false);
    expect(index.size()).toBe(0);
  });

  test('identities and positions that cannot be are refused and never found', () => {
    const { index, reader } = open();
    const out = createFoundStations(4);
    for (const bad of [Number.NaN, 91, -90.1]) expect(index.upsertMac(1, 5, station(bad, 0))).toBe(false);
    expect(index.upsertMac(1, 5, station(0, 180.5))).toBe(false);
    for (const mac of [-1, 2 ** 48, Number.NaN]) expect(index.upsertMac(1, mac, station(1, 1))).toBe(false);
    expect(index.upsertCell(1, 1000, 1, 1, 1, station(1, 1))).toBe(false);
    expect(index.upsertCell(1, 1, 1, 2 ** 24, 1, station(1, 1))).toBe(false);
    expect(index.upsertCell(1, 1, 1, 1, 2 ** 36, station(1, 1))).toBe(false);
    expect(index.size()).toBe(0);
    const found = new Uint8Array(4);
    expect(reader.findMacs(1, Float64Array.of(-1, Number.NaN, 2 ** 48, 1e300), 4, out, found)).toBe(0);
    expect(reader.findCell(Number.NaN, Number.NaN, 1, 1, 1, out, 0)).toBe(false);
  });
});

describe('against a plain map', () => {
  type Step = { kind: MacKind; mac: number; remove: boolean; lat: number };
  // Few distinct addresses, so that steps meet; some beyond 32 bits.
  const step: fc.Arbitrary<Step> = fc.record({
    kind: fc.constantFrom(MAC_KIND.wifi, MAC_KIND.bluetooth),
    mac: fc.oneof(
      fc.nat(400),
      fc.nat(400).map((n) => n * 2 ** 32 + n),
    ),
    remove: fc.boolean(),
    lat: fc.integer({ min: -900_000_000, max: 900_000_000 }),
  });

  test('any sequence of upserts and removals reads back the same', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 600, size: 'max' }), (steps) => {
        const { index, reader } = open();
        const oracle = new Map<string, number>();
        for (const { kind, mac, remove, lat } of steps) {
          const key = `${kind}/${mac}`;
          if (remove) expect(index.removeMac(kind, mac)).toBe(oracle.delete(key));
          else {
            index.upsertMac(kind, mac, station(lat / 1e7, 5));
            oracle.set(key, lat);
          }
        }
        expect(reader.size()).toBe(oracle.size);
        const macs = Float64Array.from(new Set(steps.map((s) => s.mac)));
        const out = createFoundStations(macs.length);
        const found = new Uint8Array(macs.length);
        for (const kind of [MAC_KIND.wifi, MAC_KIND.bluetooth]) {
          reader.findMacs(kind, macs, macs.length, out, found);
          macs.forEach((mac, i) => {
            const expected = oracle.get(`${kind}/${mac}`);
            expect(found[i]).toBe(expected === undefined ? 0 : 1);
            if (expected !== undefined) expect(Math.round(out.lat[i] * 1e7)).toBe(expected);
          });
        }
      }),
      { numRuns: 100 },
    );
  });

  test('sixty thousand stations, churned twice over, are all there and nothing else is', () => {
    const { index, reader } = open();
    const n = 60_000;
    for (let i = 0; i < n; i++) index.upsertMac(1, i * 977_003, station(10, (i % 360) - 180));
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < n; i += 2) expect(index.removeMac(1, i * 977_003)).toBe(true);
      for (let i = 0; i < n; i += 2) index.upsertMac(1, i * 977_003, station(-10, (i % 360) - 180));
    }
    expect(index.size()).toBe(n);
    const macs = Float64Array.from({ length: n }, (_, i) => i * 977_003);
    const out = createFoundStations(n);
    const found = new Uint8Array(n);
    expect(reader.findMacs(1, macs, n, out, found)).toBe(n);
    for (let i = 0; i < n; i++) {
      if (out.lat[i] !== (i % 2 === 0 ? -10 : 10) || out.lon[i] !== (i % 360) - 180) throw new Error(`mixed ${i}`);
    }
    expect(reader.findMacs(2, macs, n, out, found)).toBe(0);
    for (let i = 0; i < n; i++) macs[i]++;
    expect(reader.findMacs(1, macs, n, out, found)).toBe(0);
  });
});

describe('memory', () => {
  test('stays under 30 bytes a station', () => {
    const { index } = open();
    const n = 200_000;
    for (let i = 0; i < n; i++) {
      index.upsertMac(1, i * 1009, station(1, 1));
      if (i > 100_000 && i % 1000 === 0) expect(index.memoryBytes() / i).toBeLessThan(30);
    }
    const sized = createStationIndex({ seed: SEED, expected: 50_000_000 });
    expect(sized.memoryBytes() / 50_000_000).toBeLessThan(30);
  });

  test('an index sized in advance does not grow until it is full', () => {
    const n = 100_000;
    const index = createStationIndex({ seed: SEED, expected: n });
    let grown = 0;
    index.onGrow(() => grown++);
    for (let i = 0; i < n * 0.9; i++) index.upsertMac(1, i * 1009, station(1, 1));
    expect(grown).toBe(0);
  });

  test('shards grow one at a time, spread over the time, and shrink when most of a shard is removed', () => {
    const index = createStationIndex({ seed: SEED });
    const at: number[] = [];
    let sizes = 0;
    index.onGrow((update) => {
      sizes = Math.max(sizes, update.shards.length);
      at.push(index.size());
    });
    const n = 200_000;
    for (let i = 0; i < n; i++) index.upsertMac(1, i * 1009, station(1, 1));
    expect(sizes).toBe(1);
    const late = at.filter((size) => size > n / 2);
    for (let tenth = 5; tenth < 10; tenth++) {
      expect(late.filter((size) => Math.floor((size / n) * 10) === tenth).length).toBeGreaterThan(20);
    }
    const full = index.memoryBytes();
    const grown = at.length;
    for (let i = 0; i < n - 1000; i++) index.removeMac(1, i * 1009);
    // Half as many a shard each time: 256 shards, some eight times, not at every removal.
    expect(at.length - grown).toBeLessThan(256 * 12);
    expect(index.memoryBytes()).toBeLessThan(full / 2);
    expect(index.size()).toBe(1000);
  });

  test('clearing forgets everything and tells the readers', () => {
    const { index, reader } = open();
    for (let i = 0; i < 10_000; i++) index.upsertMac(1, i, station(1, 1));
    index.clear();
    const found = new Uint8Array(10_000);
    const macs = Float64Array.from({ length: 10_000 }, (_, i) => i);
    expect(reader.findMacs(1, macs, 10_000, createFoundStations(10_000), found)).toBe(0);
    expect([index.size(), reader.size()]).toEqual([0, 0]);
  });
});

describe('a reader that was not told of growth', () => {
  test('goes on answering from the old memory, and catches up by itself when it has a port', () => {
    const index = createStationIndex({ seed: SEED });
    for (let i = 0; i < 1000; i++) index.upsertMac(1, i, station(1, 1));
    const blind = openStationReader(index.handle());
    const { handle, port } = index.connect();
    const reader = openStationReader(handle, port);
    for (let i = 1000; i < 50_000; i++) index.upsertMac(1, i, station(2, 2));
    const macs = Float64Array.from({ length: 50_000 }, (_, i) => i);
    const out = createFoundStations(50_000);
    const found = new Uint8Array(50_000);
    expect(blind.findMacs(1, macs, 1000, out, found)).toBe(1000);
    expect(reader.findMacs(1, macs, 50_000, out, found)).toBe(50_000);
    port.close();
  });
});
