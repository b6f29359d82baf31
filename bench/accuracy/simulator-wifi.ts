// Simulated walks among access points: a city, a suburb, a mall. Promises: seeded; some access points are gone or elsewhere
// when asked, some ride on buses, some are locally administered, and no fix is better than a phone's. Learnt by eight people
// over five days, asked by one who did not contribute, 60 days later.

import { DAY_MS } from '../../src/time/spans.ts';
import type { DataSet } from './method.ts';
import { createChance, normal, type Radio, streetWalk, strength, toDegrees } from './simulated-radio.ts';
import type { MacSeen, Scan } from './traces.ts';

/** When a world begins to be learnt. */
export const START_MS = Date.UTC(2026, 0, 5, 8);
/** A phone misses what is weaker than about this. */
export const HEARS_DBM = -90;
/** Nobody hears an access point from farther than this, whatever the shadows. */
export const FARTHEST_M = 250;

export type WifiWorld = {
  name: string;
  seed: number;
  sizeM: number;
  blockM: number;
  /** Access points a hectare. */
  density: number;
  /** Share of them that is locally administered. */
  local: number;
  radio: Radio;
  /** 68 % error of fixes in metres, typical; each trace has its own bias, each fix its own noise. */
  fixM: number;
  stepM: number;
};

const STREET: Radio = { dbmAt1M: -31, exponent: 3.5, shadowDb: 7, fadingDb: 3, gridM: 25 };
const INDOORS: Radio = { dbmAt1M: -31, exponent: 2.9, shadowDb: 5, fadingDb: 3, gridM: 8 };
/** Locally administered: 16 % outdoors, 35 % in malls (data/README). */
export const WIFI_WORLDS: readonly WifiWorld[] = [
  {
    name: 'Simulated city, walks',
    seed: 11,
    sizeM: 600,
    blockM: 100,
    density: 27,
    local: 0.16,
    radio: STREET,
    fixM: 8,
    stepM: 8,
  },
  {
    name: 'Simulated suburb, walks',
    seed: 12,
    sizeM: 900,
    blockM: 150,
    density: 5,
    local: 0.16,
    radio: STREET,
    fixM: 5,
    stepM: 8,
  },
  {
    name: 'Simulated mall',
    seed: 13,
    sizeM: 160,
    blockM: 20,
    density: 60,
    local: 0.35,
    radio: INDOORS,
    fixM: 2,
    stepM: 3,
  },
];
/** Shares of access points: on a bus, gone or moved after 60 days. */
const RIDING = 0.02;
const CHURN = 0.12;

type Transmitter = { id: number; mac: number; x: number; y: number; riding: boolean };

function plant(world: WifiWorld, chance: () => number): Transmitter[] {
  const count = Math.round((world.sizeM * world.sizeM * world.density) / 10_000);
  return Array.from({ length: count }, (_, id) => ({
    id,
    mac: invent(chance, chance() < world.local),
    x: chance() * world.sizeM,
    y: chance() * world.sizeM,
    riding: chance() < RIDING,
  }));
}

/** An address that is no multicast one; the second bit of its first octet is set only if it is `local`. */
function invent(chance: () => number, local: boolean): number {
  const first = (Math.floor(chance() * 2 ** 8) & ~0b11) | (local ? 0b10 : 0);
  return first * 2 ** 40 + Math.floor(chance() * 2 ** 40);
}

function scanAt(world: WifiWorld, all: readonly Transmitter[], x: number, y: number, chance: () => number): MacSeen[] {
  const wifi: MacSeen[] = [];
  for (const t of all) {
    // A riding one is beside whoever hears it: on the bus that passes.
    const away = t.riding ? 10 + 40 * chance() : Math.hypot(t.x - x, t.y - y);
    if (away > FARTHEST_M || (t.riding && chance() > 0.02)) continue;
    const dbm = Math.round(strength(world.radio, t.id, x, y, away, chance));
    if (dbm > HEARS_DBM) wifi.push({ mac: t.mac, dbm: Math.min(dbm, -30) });
  }
  return wifi;
}

/** How far fixes are off, east and north, in shares of their 68 % error: one after the other alike, as a phone's are. */
export function createFixDrift(chance: () => number): () => { x: number; y: number } {
  let x = normal(chance);
  let y = normal(chance);
  return () => {
    x = 0.95 * x + 0.31 * normal(chance);
    y = 0.95 * y + 0.31 * normal(chance);
    return { x: 0.66 * x, y: 0.66 * y };
  };
}

/** What eight people hear on five days, each on a walk a day. */
export function walkEachDay(seed: number, walk: (device: string, startMs: number, seed: number) => Scan[]): Scan[] {
  const learn: Scan[] = [];
  for (let day = 0; day < 5; day++) {
    for (let person = 0; person < 8; person++) {
      const startMs = START_MS + day * DAY_MS + person * 1_800_000;
      learn.push(...walk(`person ${person}`, startMs, seed * 1_000 + day * 10 + person));
    }
  }
  return learn;
}

function walk(world: WifiWorld, all: readonly Transmitter[], device: string, timeMs: number, seed: number): Scan[] {
  const chance = createChance(seed);
  const scans: Scan[] = [];
  const drift = createFixDrift(chance);
  for (const at of streetWalk(chance, world.sizeM, world.blockM, world.stepM, 160)) {
    const bias = drift();
    const wifi = scanAt(world, all, at.x, at.y, chance);
    // One fix in a hundred is wild: a cold start, or reflections.
    const fixM = world.fixM * (chance() < 0.01 ? 10 : 1);
    const learns = device !== 'asker';
    const position = toDegrees(at.x + (learns ? fixM * bias.x : 0), at.y + (learns ? fixM * bias.y : 0));
    scans.push({
      split: learns ? 'learn' : 'test',
      group: world.name,
      trace: `${device}/${seed}`,
      month: 0,
      device,
      timeMs: timeMs + scans.length * 6_000,
      ...position,
      accuracyM: fixM,
      ageMs: 0,
      speedMps: 1.3,
      wifi,
      cells: [],
      line: '',
    });
  }
  return scans;
}

/** The data set of a world. */
export function simulateWifi(world: WifiWorld): DataSet {
  const chance = createChance(world.seed);
  const before = plant(world, chance);
  const learn = walkEachDay(world.seed, (device, startMs, seed) => walk(world, before, device, startMs, seed));
  // Half of those that are no longer there are switched off, half serve another home.
  const after = before
    .map((t) => (chance() < CHURN / 2 ? { ...t, x: chance() * world.sizeM, y: chance() * world.sizeM } : t))
    .filter(() => chance() >= CHURN / 2);
  const test: Scan[] = [];
  for (let i = 0; i < 8; i++) {
    test.push(...walk(world, after, 'asker', START_MS + 60 * DAY_MS, world.seed * 1_000 + 500 + i));
  }
  return { name: world.name, kind: 'wifi', learn, test };
}
