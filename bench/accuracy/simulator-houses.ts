// Simulated towns that are learnt in their streets and asked inside their houses, on any floor: how a crowdsourced map meets
// most of its questions. Walls and floors cost strength, so that an access point is heard in the street where it leaks out, and far
// louder beside it. Promises: seeded. Learnt by eight people over five days, asked by one who did not contribute.
import { DAY_MS } from '../../src/time/spans.ts';
import type { DataSet } from './method.ts';
import { createChance, type Radio, streetWalk, strength, toDegrees } from './simulated-radio.ts';
import { createFixDrift, FARTHEST_M, HEARS_DBM, START_MS, walkEachDay } from './simulator-wifi.ts';
import type { MacSeen, Scan } from './traces.ts';

const STOREY_M = 3;
/** Each further floor costs so much more (Seidel and Rappaport, IEEE Trans. Antennas Propag. 40(2), 1992). */
const NEXT_FLOOR_DB = 6;
const ASKED = 600;

export type HouseWorld = {
  name: string;
  seed: number;
  sizeM: number;
  blockM: number;
  /** From the middle of a street to its houses, and the edge of a house. */
  insetM: number;
  houseM: number;
  storeys: number;
  /** Access points a hectare; networks of each, numbered in a row. */
  density: number;
  networks: number;
  radio: Radio;
  wallDb: number;
  floorDb: number;
  /** 68 % error of fixes in metres. */
  fixM: number;
  stepM: number;
  speedMps: number;
};

const CITY: HouseWorld = {
  name: 'Learnt in the street: city',
  seed: 61,
  sizeM: 600,
  blockM: 100,
  insetM: 8,
  houseM: 28,
  storeys: 5,
  density: 60,
  networks: 1,
  radio: { dbmAt1M: -31, exponent: 3, shadowDb: 6, fadingDb: 3, gridM: 15 },
  wallDb: 9,
  floorDb: 12,
  fixM: 6,
  stepM: 8,
  speedMps: 1.3,
};
export const HOUSE_WORLDS: readonly HouseWorld[] = [
  CITY,
  {
    ...CITY,
    ...{ name: 'Learnt in the street: campus', seed: 63, sizeM: 500, blockM: 125, insetM: 20, houseM: 85 },
    ...{ storeys: 3, density: 30, networks: 4, wallDb: 8 },
  },
  { ...CITY, name: 'Learnt in the street: high-rises', seed: 65, storeys: 15, density: 150, houseM: 40, wallDb: 10 },
  {
    ...CITY,
    ...{ name: 'Learnt in the street: old town', seed: 66, sizeM: 400, blockM: 60, insetM: 4, houseM: 17 },
    ...{ storeys: 4, density: 120, wallDb: 13 },
  },
  {
    ...CITY,
    ...{ name: 'Learnt by cars: suburb', seed: 64, sizeM: 900, blockM: 150, insetM: 12, houseM: 14, storeys: 1 },
    ...{ density: 10, wallDb: 8, fixM: 5, stepM: 30, speedMps: 10 },
  },
];

type Place = { x: number; y: number; z: number; house: number };
type Transmitter = Place & { id: number; macs: number[] };

/** The number of the house at (x, y) metres, -1 in the street. */
function houseAt(world: HouseWorld, x: number, y: number): number {
  const blockX = Math.floor(x / world.blockM);
  const blockY = Math.floor(y / world.blockM);
  const side = world.blockM - 2 * world.insetM;
  const inX = x - blockX * world.blockM - world.insetM;
  const inY = y - blockY * world.blockM - world.insetM;
  if (Math.min(inX, inY) < 0 || Math.max(inX, inY) >= side) return -1;
  const row = Math.max(1, Math.round(side / world.houseM));
  const [houseX, houseY] = [inX, inY].map((in1) => Math.floor((in1 / side) * row));
  return ((blockY * 64 + blockX) * 64 + houseY) * 64 + houseX;
}

/** Somewhere in a house, on one of its floors. */
function indoors(world: HouseWorld, chance: () => number): Place {
  for (;;) {
    const [x, y] = [chance() * world.sizeM, chance() * world.sizeM];
    const house = houseAt(world, x, y);
    if (house >= 0) return { x, y, house, z: 1.5 + STOREY_M * Math.floor(chance() * world.storeys) };
  }
}

function plant(world: HouseWorld, chance: () => number): Transmitter[] {
  const count = Math.round((world.sizeM * world.sizeM * world.density) / 10_000);
  return Array.from({ length: count }, (_, id) => {
    const first = (Math.floor(chance() * 2 ** 8) & ~0b11) * 2 ** 40 + Math.floor(chance() * 2 ** 36) * 16;
    return { ...indoors(world, chance), id, macs: Array.from({ length: world.networks }, (_, k) => first + k) };
  });
}

/** What walls and floors take from a transmitter's strength at a place. */
function throughDb(world: HouseWorld, from: Place, to: Place): number {
  if (from.house !== to.house) return world.wallDb * (to.house < 0 ? 1 : 2);
  const floors = Math.round(Math.abs(from.z - to.z) / STOREY_M);
  return floors === 0 ? 0 : world.floorDb + NEXT_FLOOR_DB * (floors - 1);
}

function scanAt(world: HouseWorld, all: readonly Transmitter[], to: Place, chance: () => number): MacSeen[] {
  const wifi: MacSeen[] = [];
  for (const from of all) {
    const away = Math.hypot(from.x - to.x, from.y - to.y, from.z - to.z);
    if (away > FARTHEST_M) continue;
    for (const mac of from.macs) {
      const dbm = Math.round(strength(world.radio, from.id, to.x, to.y, away, chance) - throughDb(world, from, to));
      if (dbm > HEARS_DBM) wifi.push({ mac, dbm: Math.min(dbm, -30) });
    }
  }
  return wifi;
}

const scanOf = (world: HouseWorld, fields: Omit<Scan, 'group' | 'month' | 'ageMs' | 'cells' | 'line'>): Scan => ({
  group: world.name,
  month: 0,
  ageMs: 0,
  cells: [],
  line: '',
  ...fields,
});

function walk(world: HouseWorld, all: readonly Transmitter[], device: string, startMs: number, seed: number): Scan[] {
  const chance = createChance(seed);
  const scans: Scan[] = [];
  const drift = createFixDrift(chance);
  for (const { x, y } of streetWalk(chance, world.sizeM, world.blockM, world.stepM, 160)) {
    const bias = drift();
    // One fix in a hundred is wild.
    const fixM = world.fixM * (chance() < 0.01 ? 10 : 1);
    scans.push(
      scanOf(world, {
        ...{ split: 'learn', trace: `${device}/${seed}`, device, timeMs: startMs + scans.length * 6_000 },
        ...toDegrees(x + fixM * bias.x, y + fixM * bias.y),
        ...{ accuracyM: fixM, speedMps: world.speedMps },
        wifi: scanAt(world, all, { x, y, z: 1.5, house: -1 }, chance),
      }),
    );
  }
  return scans;
}

/** The data set of a world. */
export function simulateHouses(world: HouseWorld): DataSet {
  const all = plant(world, createChance(world.seed));
  const learn = walkEachDay(world.seed, (device, startMs, seed) => walk(world, all, device, startMs, seed));
  const chance = createChance(world.seed * 1_000 + 500);
  const test = Array.from({ length: ASKED }, () => {
    const place = indoors(world, chance);
    return scanOf(world, {
      ...{ split: 'test', trace: 'asker', device: 'asker', timeMs: START_MS + 20 * DAY_MS },
      ...toDegrees(place.x, place.y),
      ...{ accuracyM: 5, speedMps: 0, wifi: scanAt(world, all, place, chance) },
    });
  });
  return { name: world.name, kind: 'wifi', learn, test };
}
