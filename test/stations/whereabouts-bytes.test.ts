import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeLearning, encodeLearning, type LearningState } from '../../src/stations/whereabouts-bytes.ts';

const uint32 = fc.integer({ min: 0, max: 0xffff_fffe });
const dbm = fc.integer({ min: -100, max: 0 });
const tile = fc.record({
  x: fc.integer({ min: 0, max: 14_400_000 }),
  y: fc.integer({ min: 0, max: 7_200_000 }),
  lat: fc.integer({ min: -9e8, max: 9e8 }).map((n) => n / 1e7 + 0),
  lon: fc.integer({ min: -18e8, max: 18e8 }).map((n) => n / 1e7 + 0),
  weight: fc.float({ min: 0, max: 1e6, noNaN: true }),
  heard: uint32,
  days: fc.integer(),
  firstHalf: fc.integer({ min: 0, max: 0xffff }),
  lastHalf: fc.integer({ min: 0, max: 0xffff }),
  lastDay: fc.integer({ min: 0, max: 0xffff }),
  seenBy: fc.integer(),
  proof: fc.integer({ min: 0, max: 3 }),
  loudDbm: dbm,
});
const witness = fc.record({
  day: fc.integer({ min: 0, max: 0xffff }),
  tag: fc.oneof(fc.constant(-1), uint32),
  spent: fc.integer({ min: 0, max: 255 }),
  loudDbm: dbm,
});
const state: fc.Arbitrary<LearningState> = fc.record({
  learnt: fc.boolean(),
  createdAt: fc.oneof(fc.constant(null), fc.integer({ min: 1, max: 4e12 })),
  publishedAt: fc.oneof(fc.constant(null), fc.integer({ min: 1, max: 4e12 })),
  whereabouts: fc.record({
    level: fc.integer({ min: 0, max: 24 }),
    tiles: fc.array(tile, { maxLength: 24 }),
    recent: fc.array(witness, { maxLength: 32 }),
    firstDay: fc.integer({ min: 0, max: 100_000 }),
    lastDay: fc.integer({ min: 0, max: 100_000 }),
    lonely: fc.integer({ min: 0, max: 0xff }),
    strayFirst: fc.integer({ min: 0, max: 0xffff }),
    strayLast: fc.integer({ min: 0, max: 0xffff }),
    loudestDbm: dbm,
    vouchedDbm: dbm,
    onceDbm: dbm,
    onceDay: fc.integer({ min: 0, max: 0xffff }),
  }),
});

test('what was heard of a station comes back from its bytes as it went in', () => {
  fc.assert(
    fc.property(state, (one) => {
      const back = decodeLearning(encodeLearning(one));
      // Zeros have one sign in the bytes.
      expect(JSON.parse(JSON.stringify(back))).toEqual(JSON.parse(JSON.stringify(one)));
    }),
    { numRuns: 300 },
  );
});

test('cut bytes and another version are refused', () => {
  const bytes = encodeLearning(fc.sample(state, { seed: 3, numRuns: 1 })[0]);
  for (let length = 0; length < bytes.length; length++) {
    expect(() => decodeLearning(bytes.subarray(0, length))).toThrow(RangeError);
  }
  const other = Buffer.from(bytes);
  other[0]++;
  expect(() => decodeLearning(other)).toThrow(RangeError);
});

test('of a state of version 1 the places are kept and the claimed days are not', () => {
  const old = Buffer.alloc(19 + 33);
  old.set([1, 1]);
  old[17] = 1;
  old.writeInt32LE(482_000_000, 19 + 6);
  old.writeFloatLE(0.5, 19 + 14);
  old.writeInt32LE(0b11, 19 + 22);
  old[19 + 32] = 1;
  const [kept] = decodeLearning(old).whereabouts.tiles;
  expect(kept).toMatchObject({ lat: 48.2, weight: 0.5, days: 0, proof: 1 });
  // No two days lie between them, and whatever arrives next is the first.
  expect(kept.lastHalf - kept.firstHalf).toBeLessThan(2);
  expect(Math.min(kept.firstHalf, 41_000)).toBe(41_000);
});

const SILENT = { vouchedDbm: 0, onceDbm: 0, onceDay: 0 };

/** The bytes of a state as an older version wrote them, whose header had `header` bytes. */
function asOf(version: number, header: number, { whereabouts, ...one }: LearningState): Buffer {
  const now = encodeLearning({ ...one, whereabouts });
  const tiles = whereabouts.tiles.map((_, i) => now.subarray(35 + 38 * i, 35 + 38 * i + 37));
  const from = 35 + 38 * tiles.length;
  const recent = whereabouts.recent.map((_, i) => now.subarray(from + 8 * i, from + 8 * i + 7));
  const old = Buffer.concat([now.subarray(0, header), ...tiles, ...recent]);
  old[0] = version;
  return old;
}

test.each([
  [3, { ...SILENT, strayFirst: 0, strayLast: 0, loudestDbm: -1 }, 26],
  [4, { ...SILENT, loudestDbm: -1 }, 30],
  [5, SILENT, 31],
])(
  'a state of version %i is kept whole, is no traveller that was not one, nothing heard now is louder, and no tile is fainter than the rest',
  (version, added, header) => {
    fc.assert(
      fc.property(state, (one) => {
        const quiet = <T>(all: readonly T[]) => all.map((each) => ({ ...each, loudDbm: 0 }));
        const { tiles, recent } = one.whereabouts;
        const kept = {
          ...one,
          whereabouts: { ...one.whereabouts, ...added, tiles: quiet(tiles), recent: quiet(recent) },
        };
        const back = decodeLearning(asOf(version, header, one));
        expect(JSON.parse(JSON.stringify(back))).toEqual(JSON.parse(JSON.stringify(kept)));
      }),
      { numRuns: 100 },
    );
  },
);
