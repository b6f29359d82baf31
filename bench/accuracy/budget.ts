// `node bench/accuracy/budget.ts [--write]`: what accuracy must not get worse than, on sets small enough for every run of the
// tests: one square of Lisbon (if the trace is there), simulated walks, the same with wild fixes, a mall, a city
// learnt in its streets and asked inside its houses, and simulated drives. budgets.json holds what was
// measured when it was last written; worse than that by more than a tenth is a failure. Deterministic: no clock, no store.

import { readFileSync, writeFileSync } from 'node:fs';
import { M_PER_DEG_LAT } from '../../src/geo/distance.ts';
import { openTraces } from './data-sets.ts';
import type { DataSet, Method } from './method.ts';
import { measure } from './metrics.ts';
import { createHoneyguide } from './ours.ts';
import { CELL_WORLDS, simulateCells } from './simulator-cells.ts';
import { HOUSE_WORLDS, simulateHouses } from './simulator-houses.ts';
import { simulateWifi, WIFI_WORLDS } from './simulator-wifi.ts';
import type { Scan } from './traces.ts';

/** Metres, and shares in 0..1, of one set. */
export type Budget = {
  set: string;
  answered: number;
  medianM: number;
  p95M: number;
  inside: number;
  medianAccuracyM: number;
};

/** Within the 150 m that link tiles to one place. */
const WILD_M = 120;
const BUDGETS = new URL('./budgets.json', import.meta.url);
/** The square with the most scans. */
const SQUARE = 'se';
const WORSE = 1.1;
/** Circles are a trade against the share that they hold: they may be refitted this much wider without a word. */
const WIDER = 1.25;
/** The share of honest circles may fall by this; the goals are in the big bench. */
const LESS_INSIDE = 0.03;

/** The small sets; without the square where the trace is absent. */
export function smallSets(): DataSet[] {
  const lisbon = openTraces('wifi_lisbon')
    .slice(0, 1)
    .map(({ kind, learn, test }): DataSet => {
      const here = ({ group }: { group: string }) => group === SQUARE;
      return { name: 'Lisbon, one square', kind, learn: learn.filter(here), test: test.filter(here) };
    });
  const city = simulateWifi(WIFI_WORLDS[0]);
  const wild: DataSet = { ...city, name: 'Simulated city, one fix in ten wild', learn: city.learn.map(makeWild) };
  return [
    ...lisbon,
    city,
    wild,
    simulateWifi(WIFI_WORLDS[2]),
    simulateHouses(HOUSE_WORLDS[0]),
    simulateCells(CELL_WORLDS[0]),
  ];
}

/** One fix in ten lies far off to one side, and says that it is sharp: what streets between high houses do. */
function makeWild(scan: Scan, i: number): Scan {
  if (i % 10 !== 0) return scan;
  return { ...scan, lat: scan.lat + WILD_M / M_PER_DEG_LAT };
}

/** What a fresh method does on a set. */
export function measureBudget(set: DataSet, method: Method = createHoneyguide()): Budget {
  method.learn(set.learn);
  const { answered, medianM, p95M, inside, medianAccuracyM } = measure(method, set);
  return { set: set.name, answered, medianM, p95M, inside, medianAccuracyM };
}

/** The budgets as committed. */
export function readBudgets(): Budget[] {
  return JSON.parse(readFileSync(BUDGETS, 'utf8')) as Budget[];
}

/** What is worse than the budget by more than a tenth (circles: a quarter), in words; none = it holds. */
export function overBudget(found: Budget, budget: Budget): string[] {
  const over: string[] = [];
  for (const [name, limit] of [
    ['medianM', WORSE],
    ['p95M', WORSE],
    ['medianAccuracyM', WIDER],
  ] as const) {
    if (!(found[name] <= limit * budget[name])) over.push(`${name} ${found[name].toFixed(1)}, was ${budget[name]}`);
  }
  if (!(found.answered >= budget.answered / WORSE)) over.push(`answered ${found.answered}, was ${budget.answered}`);
  if (!(found.inside >= budget.inside - LESS_INSIDE)) over.push(`inside ${found.inside}, was ${budget.inside}`);
  return over;
}

if (import.meta.main) {
  const sets = smallSets();
  const found = sets.map((set) => measureBudget(set));
  for (const row of found) console.log(JSON.stringify(row));
  if (process.argv.includes('--write')) {
    if (sets.length < 6) throw new Error('budgets are written where the traces are');
    const rounded = found.map(({ set, ...numbers }) => ({
      set,
      ...Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, Number(value.toPrecision(4))])),
    }));
    writeFileSync(BUDGETS, `${JSON.stringify(rounded, null, 2)}\n`);
  }
}
