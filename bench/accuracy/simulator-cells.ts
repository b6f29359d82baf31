// Simulated drives under a mobile network: masts of three sectors, a phone that serves itself from the strongest, tells
// physical identities of some neighbours, and timing advance by 78 m steps with reflections. Promises: seeded; drives that are
// asked take other ways through the same streets than those that taught. One company's cars taught: a trusted fleet.

import { RADIO } from '../../src/radio/cell.ts';
import type { DataSet } from './method.ts';
import { createChance, normal, type Radio, streetWalk, strength, toDegrees } from './simulated-radio.ts';
import type { CellSeen, Scan } from './traces.ts';

export type CellWorld = {
  name: string;
  seed: number;
  sizeM: number;
  betweenMastsM: number;
  blockM: number;
  stepM: number;
};

export const CELL_WORLDS: readonly CellWorld[] = [
  { name: 'Simulated town, drives', seed: 21, sizeM: 4_000, betweenMastsM: 700, blockM: 250, stepM: 40 },
  { name: 'Simulated country, drives', seed: 22, sizeM: 12_000, betweenMastsM: 2_500, blockM: 1_500, stepM: 90 },
];
const MACRO: Radio = { dbmAt1M: -8, exponent: 3.4, shadowDb: 8, fadingDb: 2, gridM: 60 };
const HEARS_DBM = -125;
/** A modem tells of neighbours within this of the serving cell, and at most so many. */
const NEIGHBOUR_DB = 10;
const NEIGHBOURS = 4;
/** Sectors of 65 degrees: 12 dB (x / 65)^2 less at x degrees off the axis, at most 20 (3GPP TR 36.942). */
const SECTOR_DEG = 65;
const TA_STEP_M = 78;
const START_MS = Date.UTC(2026, 2, 2, 7);

type Sector = { id: number; cellId: number; psc: number; x: number; y: number; axisDeg: number };

function plant(world: CellWorld, chance: () => number): Sector[] {
  const sectors: Sector[] = [];
  const rows = Math.ceil(world.sizeM / world.betweenMastsM);
  for (let row = -1; row <= rows; row++) {
    for (let column = -1; column <= rows; column++) {
      const x = (column + 0.5 * (row & 1) + 0.5 * (chance() - 0.5)) * world.betweenMastsM;
      const y = (row + 0.5 * (chance() - 0.5)) * world.betweenMastsM;
      const turn = chance() * 120;
      const site = 1_000 + sectors.length;
      for (let s = 0; s < 3; s++) {
        const psc = Math.floor(chance() * 504);
        sectors.push({ id: sectors.length, cellId: site * 256 + s, psc, x, y, axisDeg: turn + 120 * s });
      }
    }
  }
  return sectors;
}

function sectorLossDb(sector: Sector, x: number, y: number): number {
  const bearing = (Math.atan2(y - sector.y, x - sector.x) * 180) / Math.PI;
  const off = Math.abs(((((bearing - sector.axisDeg) % 360) + 540) % 360) - 180);
  return Math.min(12 * (off / SECTOR_DEG) ** 2, 20);
}

function listen(sectors: readonly Sector[], x: number, y: number, reach: number, chance: () => number): CellSeen[] {
  const heard: { sector: Sector; dbm: number; away: number }[] = [];
  for (const sector of sectors) {
    const away = Math.hypot(sector.x - x, sector.y - y);
    if (away > reach) continue;
    const dbm = strength(MACRO, sector.id, x, y, away, chance) - sectorLossDb(sector, x, y);
    if (dbm > HEARS_DBM) heard.push({ sector, dbm, away });
  }
  heard.sort((a, b) => b.dbm - a.dbm);
  const tells = Math.floor(chance() * (NEIGHBOURS + 1));
  const near = heard.slice(1, 1 + tells).filter((h) => h.dbm > heard[0].dbm - NEIGHBOUR_DB);
  const cell = { radio: RADIO.lte, mcc: 635, mnc: 10, timingAdvance: -1 };
  const serving = heard.slice(0, 1).map(({ sector, dbm, away }) => ({
    ...cell,
    area: 501,
    cellId: sector.cellId,
    psc: sector.psc,
    serving: true,
    dbm: Math.round(dbm),
    timingAdvance: Math.max(Math.round(away / TA_STEP_M + 0.7 * Math.abs(normal(chance)) + 0.5 * normal(chance)), 0),
  }));
  const others = near.map(({ sector, dbm }) => ({
    ...cell,
    area: 0,
    cellId: 0,
    psc: sector.psc,
    serving: false,
    dbm: Math.round(dbm),
  }));
  return [...serving, ...others];
}

function drive(world: CellWorld, sectors: readonly Sector[], split: 'learn' | 'test', seed: number): Scan[] {
  const chance = createChance(seed);
  const scans: Scan[] = [];
  const startMs = START_MS + (split === 'test' ? 30 : seed % 10) * 86_400_000;
  for (const at of streetWalk(chance, world.sizeM, world.blockM, world.stepM, 400)) {
    const fixM = split === 'learn' ? 5 : 0;
    const cells = listen(sectors, at.x, at.y, 4 * world.betweenMastsM, chance);
    scans.push({
      split,
      group: world.name,
      trace: `${split}/${seed}`,
      month: 0,
      device: '',
      timeMs: startMs + scans.length * 4_000,
      ...toDegrees(at.x + fixM * normal(chance), at.y + fixM * normal(chance)),
      accuracyM: 5,
      ageMs: 0,
      speedMps: world.stepM / 4,
      wifi: [],
      cells,
      line: '',
    });
  }
  return scans.filter((s) => s.cells.length > 0);
}

/** The data set of a world. */
export function simulateCells(world: CellWorld): DataSet {
  const sectors = plant(world, createChance(world.seed));
  const learn: Scan[] = [];
  const test: Scan[] = [];
  for (let i = 0; i < 12; i++) learn.push(...drive(world, sectors, 'learn', world.seed * 1_000 + i));
  for (let i = 0; i < 5; i++) test.push(...drive(world, sectors, 'test', world.seed * 1_000 + 500 + i));
  return { name: world.name, kind: 'cell', learn, test };
}
