// What must not change with age: answers to requests that hear everything now.
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { at, createScene, heard, lteCell, macOf, trusted } from './scene.ts';

/** Uniform in [0, 1), the same everywhere (mulberry32). */
function createChance(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Answers to 2,000 random requests in 40 random scenes; `ageOf` tells the age of each reading. */
function answers(ageOf: () => number | undefined): string[] {
  const chance = createChance(7);
  const upTo = (n: number) => Math.floor(chance() * n);
  const all: string[] = [];
  for (let s = 0; s < 40; s++) {
    const scene = createScene();
    const spread = [50, 400, 5000][s % 3];
    const record = (radiusM: number) =>
      trusted((chance() - 0.5) * spread, (chance() - 0.5) * spread, { radiusM, samples: upTo(80) });
    for (let i = 0; i < 40; i++) scene.wifi(macOf(i), record(20 + upTo(100)));
    for (let i = 0; i < 10; i++) scene.beacon(macOf(i), record(10 + upTo(30)));
    for (let i = 0; i < 12; i++) scene.lte(256 * (1 + (i >> 2)) + (i & 3), record(300 + upTo(3000)));
    scene.stations.putArea(3, 262, 1, 100, { ...at(0), radiusM: 15_000, samples: 200 });
    for (let r = 0; r < 50; r++) {
      const mac = (known: number) => ({ ...heard(macOf(upTo(known + 5)), -45 - upTo(50)), age: ageOf() });
      const body = {
        wifiAccessPoints: Array.from({ length: r % 2 ? upTo(20) : 0 }, () => mac(40)),
        bluetoothBeacons: Array.from({ length: r % 3 ? 0 : upTo(6) }, () => mac(10)),
        cellTowers: Array.from({ length: r % 5 === 1 ? 0 : 1 + upTo(4) }, (_, i) =>
          lteCell(256 * (1 + upTo(4)) + upTo(5), {
            signalStrength: -70 - 4 * upTo(12) - i,
            timingAdvance: upTo(4),
            age: ageOf(),
          }),
        ),
        position: r % 7 === 0 ? { latitude: at(upTo(200)).lat, longitude: at(upTo(200)).lon, accuracy: 20 } : undefined,
      };
      const found = scene.locate(body);
      all.push(
        found === null
          ? 'null'
          : [found.lat, found.lon, found.accuracyM, found.fallback, found.source, found.sources].join(' '),
      );
    }
  }
  return all;
}

const NOW = answers(() => undefined);

test('what is heard now is answered as it was before ages counted, in circles as they were last fitted, byte for byte', () => {
  expect(NOW.filter((line) => line !== 'null').length).toBeGreaterThan(1500);
  expect(createHash('sha256').update(NOW.join('\n')).digest('hex').slice(0, 16)).toBe('ad5b924dee90550f');
});

test.each([
  ['none', 0],
  ['a second', 1000],
  ['the two that a scan takes', 2000],
])('ages of %s change nothing', (_name, age) => {
  expect(answers(() => age)).toEqual(NOW);
});
