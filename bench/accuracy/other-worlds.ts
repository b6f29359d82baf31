// Simulated worlds that no constant was fitted on alone: cities and malls of other densities, sizes, walls, receivers and fixes
// than the bench's own, and towns that are learnt in their streets and asked inside their houses. They say what a place unlike those may expect, circles above all. Some of them had a say in the constants
// of positioning/path-loss.ts and in the factors of circles by ten devices and more, so they are no held-out test.
import type { DataSet } from './method.ts';
import type { Metrics } from './metrics.ts';
import { HOUSE_WORLDS, simulateHouses } from './simulator-houses.ts';
import { simulateWifi, WIFI_WORLDS, type WifiWorld } from './simulator-wifi.ts';

const [CITY, , MALL] = WIFI_WORLDS;
/** Indoors as the data's README says: 2.4 and 5 GHz. */
const GHZ_2 = { dbmAt1M: -31, exponent: 2.7, shadowDb: 5.7 };
const GHZ_5 = { dbmAt1M: -24, exponent: 3.3, shadowDb: 6.7 };

const other = (like: WifiWorld, name: string, seed: number, fields: Partial<WifiWorld>): WifiWorld => ({
  ...like,
  name,
  seed,
  ...fields,
});
const walls = (like: WifiWorld, fields: Partial<WifiWorld['radio']>) => ({ radio: { ...like.radio, ...fields } });

const OTHER_WORLDS: readonly WifiWorld[] = [
  other(CITY, 'City, dense', 21, { density: 60, blockM: 80 }),
  other(CITY, 'City, large blocks, bad fixes', 22, { density: 20, blockM: 150, fixM: 12 }),
  other(CITY, 'City, open', 23, walls(CITY, { exponent: 3 })),
  other(CITY, 'City, unequal powers', 24, walls(CITY, { powerDb: 5 })),
  other(MALL, 'Mall, half the access points', 31, { density: 30 }),
  other(MALL, 'Mall, 300 m', 32, { sizeM: 300, density: 30, blockM: 30 }),
  other(MALL, 'Mall, 80 m', 33, { sizeM: 80, density: 80, blockM: 16 }),
  other(MALL, 'Mall, walls', 34, walls(MALL, { exponent: 3.5 })),
  other(MALL, 'Mall, deep shadows', 35, walls(MALL, { shadowDb: 8 })),
  other(MALL, 'Mall, bad fixes', 36, { fixM: 8 }),
  other(MALL, 'Mall, unequal powers', 30, walls(MALL, { powerDb: 5 })),
  other(MALL, 'Mall, 120 m, 2.4 GHz', 37, { sizeM: 120, density: 67, ...walls(MALL, GHZ_2) }),
  other(MALL, 'Mall, 120 m, 5 GHz', 38, { sizeM: 120, density: 40, blockM: 30, ...walls(MALL, GHZ_5) }),
  other(MALL, 'Mall, 120 m, thick walls', 39, {
    sizeM: 120,
    density: 67,
    ...walls(MALL, { exponent: 4, shadowDb: 6.7 }),
  }),
];

export function openOtherWorlds(): DataSet[] {
  return [...OTHER_WORLDS.map(simulateWifi), ...HOUSE_WORLDS.map(simulateHouses)];
}

const HEADER = [
  'world',
  'median m',
  'of the best',
  'p95 m',
  'of the best',
  'in circle',
  'uncorrected',
  'median circle m',
];

/** A Markdown table of our answers beside the best of the baselines. */
export function printOthers(rows: readonly { set: string; method: string; metrics: Metrics }[]): string {
  const lines = [...Map.groupBy(rows, ({ set }) => set)].map(([set, all]) => {
    const of = (method: string) => all.find((row) => row.method === method)!.metrics;
    const baselines = ['centroid', 'ichnaea', 'beacondb'].map(of);
    const [ours, uncorrected] = [of('honeyguide'), of('honeyguide uncorrected')];
    const over = (name: 'medianM' | 'p95M') => (ours[name] / Math.min(...baselines.map((b) => b[name]))).toFixed(2);
    const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
    return [
      set,
      ours.medianM.toFixed(1),
      over('medianM'),
      ours.p95M.toFixed(1),
      over('p95M'),
      percent(ours.inside),
      percent(uncorrected.inside),
      ours.medianAccuracyM.toFixed(0),
    ];
  });
  return [HEADER, HEADER.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
