// Worlds drawn by lot: streets, malls and towns of houses of all sizes, densities, walls, powers and fixes, learnt by three to eight people
// on three to five days. The circles of streets were fitted on the first hundred or so (positioning/calibration.ts); the bench
// asks others, so that they say what a place that nobody tuned for may expect. Promises: a number is a world, always the same.
import { DAY_MS } from '../../src/time/spans.ts';
import type { DataSet } from './method.ts';
import type { Metrics } from './metrics.ts';
import { createChance } from './simulated-radio.ts';
import { HOUSE_WORLDS, simulateHouses } from './simulator-houses.ts';
import { simulateWifi, WIFI_WORLDS } from './simulator-wifi.ts';

/** Worlds below this number had a say in the circles. */
const FIRST_UNSEEN = 200;
const KINDS = ['streets', 'malls', 'houses'] as const;
const ASKED = 400;
const [CITY, , MALL] = WIFI_WORLDS;

type Lot = { within(least: number, most: number): number; log(least: number, most: number): number; chance(): number };

function castLots(seed: number): Lot {
  const chance = createChance(seed);
  for (let i = 0; i < 5; i++) chance();
  const within = (least: number, most: number) => least + (most - least) * chance();
  return { within, log: (least, most) => Math.exp(within(Math.log(least), Math.log(most))), chance };
}

/** Half of all worlds have transmitters of one power. */
const powerDb = ({ chance, within }: Lot) => (chance() < 0.5 ? 0 : within(1, 6));

function drawStreets(n: number, lot: Lot): DataSet {
  const { within, log } = lot;
  const size = { sizeM: within(400, 900), blockM: within(60, 170) };
  const heard = { density: log(4, 70), fixM: log(3, 13), stepM: within(5, 12) };
  const radio = { exponent: within(2.8, 4), shadowDb: within(4, 9), gridM: within(12, 35), powerDb: powerDb(lot) };
  return simulateWifi({
    ...CITY,
    name: `streets ${n}`,
    seed: 1000 + n,
    ...size,
    ...heard,
    radio: { ...CITY.radio, ...radio },
  });
}

function drawMall(n: number, lot: Lot): DataSet {
  const { within, log } = lot;
  const sizeM = log(70, 300);
  const size = { sizeM, blockM: Math.min(sizeM / 4, within(14, 32)) };
  const heard = { density: log(20, 90), fixM: log(1.5, 9), stepM: within(2, 5) };
  const radio = { exponent: within(2.5, 4), shadowDb: within(3.5, 8), gridM: within(5, 12), powerDb: powerDb(lot) };
  return simulateWifi({
    ...MALL,
    name: `malls ${n}`,
    seed: 1000 + n,
    ...size,
    ...heard,
    radio: { ...MALL.radio, ...radio },
  });
}

function drawHouses(n: number, lot: Lot): DataSet {
  const { within, log, chance } = lot;
  const [blockM, insetM] = [within(60, 160), within(4, 20)];
  const byCar = chance() < 0.25;
  const world = {
    ...HOUSE_WORLDS[0],
    ...{ name: `houses ${n}`, seed: 1000 + n, sizeM: within(400, 900), blockM, insetM },
    houseM: Math.min(blockM - 2 * insetM, log(12, 90)),
    storeys: 1 + Math.floor(log(1, 15)),
    density: log(8, 150),
    networks: chance() < 0.7 ? 1 : 4,
    ...{ wallDb: within(6, 14), fixM: within(4, 8), stepM: byCar ? 30 : 8, speedMps: byCar ? 10 : 1.3 },
    radio: { ...HOUSE_WORLDS[0].radio, exponent: within(2.7, 3.5), shadowDb: within(4, 8) },
  };
  // What a radio could hear at once is bounded.
  if (world.density * world.networks > 150) world.networks = 1;
  return simulateHouses(world);
}

function drawWorld(n: number): DataSet {
  const lot = castLots(90_000 + n);
  const world = [drawStreets, drawMall, drawHouses][n % KINDS.length](n, lot);
  const [people, days] = [3 + Math.floor(6 * lot.chance()), 3 + Math.floor(3 * lot.chance())];
  const startMs = Math.min(...world.learn.map(({ timeMs }) => timeMs));
  const learn = world.learn.filter(
    ({ device, timeMs }) => Number(device.slice('person '.length)) < people && timeMs - startMs < days * DAY_MS,
  );
  const test = world.test.filter((_, i) => i % Math.ceil(world.test.length / ASKED) === 0);
  return { ...world, learn, test };
}

/** So many worlds of each kind that nothing was fitted on. */
export function openDrawnWorlds(ofEach: number): DataSet[] {
  const first = FIRST_UNSEEN - (FIRST_UNSEEN % KINDS.length) + KINDS.length;
  return Array.from({ length: ofEach * KINDS.length }, (_, i) => drawWorld(first + i));
}

const HEADER = [
  'drawn by lot',
  'worlds',
  'median of the best',
  'p95 of the best',
  'in circle: tenth, middle, ninth tenth',
  'of beacondb',
];

/** A Markdown table: by kind, the middle world's errors over those of its best baseline, and how many circles hold. */
export function printDrawn(rows: readonly { set: string; method: string; metrics: Metrics }[]): string {
  const lines = KINDS.map((kind) => {
    const worlds = [
      ...Map.groupBy(
        rows.filter(({ set }) => set.startsWith(kind)),
        ({ set }) => set,
      ).values(),
    ];
    const of = (all: typeof rows, method: string) => all.find((row) => row.method === method)!.metrics;
    const over = (name: 'medianM' | 'p95M') =>
      worlds.map(
        (all) =>
          of(all, 'honeyguide')[name] / Math.min(...['centroid', 'ichnaea', 'beacondb'].map((m) => of(all, m)[name])),
      );
    const inside = (method: string) =>
      [0.1, 0.5, 0.9]
        .map(
          (share) =>
            `${(
              100 *
                quantile(
                  worlds.map((all) => of(all, method).inside),
                  share,
                )
            ).toFixed(0)}`,
        )
        .join(', ');
    return [
      kind,
      String(worlds.length),
      quantile(over('medianM'), 0.5).toFixed(2),
      quantile(over('p95M'), 0.5).toFixed(2),
      `${inside('honeyguide')} %`,
      `${inside('beacondb')} %`,
    ];
  });
  return [HEADER, HEADER.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.round(share * (values.length - 1))];
}
