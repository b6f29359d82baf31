// The data sets of the bench, cut from the traces: what is learnt and what is asked. Promises: only fixes good enough to be
// a truth are asked (age and accuracy as the data's README says); everything of `learn` is handed to the methods, stale and
// wild fixes too, unless the set says otherwise, because throwing them away is the methods' task.

import type { DataSet } from './method.ts';
import { CELL_WORLDS, simulateCells } from './simulator-cells.ts';
import { simulateWifi, WIFI_WORLDS } from './simulator-wifi.ts';
import { isTruth, readTraces } from './traces.ts';

function lisbon(): DataSet[] {
  const all = readTraces('wifi_lisbon_lxspots.ndjson.gz');
  if (all === null) return [];
  const learn = all.filter((s) => s.split === 'learn');
  const ask = (split: string) => all.filter((s) => s.split === split && isTruth(s));
  return [
    { name: 'Lisbon, same weeks', kind: 'wifi', learn, test: ask('test') },
    { name: 'Lisbon, 1 month later', kind: 'wifi', learn, test: ask('test_1month') },
  ];
}

function uji(): DataSet[] {
  const all = readTraces('wifi_uji_library_25months.ndjson.gz');
  if (all === null) return [];
  const learn = all.filter((s) => s.split === 'learn' && s.month === 1);
  const ask = (month: number) => all.filter((s) => s.split === 'test' && s.month === month);
  return [
    { name: 'UJI library, month 1', kind: 'wifi', learn, test: ask(1) },
    { name: 'UJI library, month 25', kind: 'wifi', learn, test: ask(25) },
  ];
}

function dortmund(): DataSet[] {
  const all = readTraces('cell_dortmund_dds_campus_suburban.ndjson.gz');
  if (all === null) return [];
  const learn = all.filter((s) => s.split === 'learn');
  return ['suburban', 'campus'].map((group) => ({
    name: `Dortmund, ${group}`,
    kind: 'cell',
    learn,
    test: all.filter((s) => s.split === 'test' && s.group === group),
  }));
}

function belgium(): DataSet[] {
  const all = readTraces('cell_belgium_gnettrack.ndjson.gz');
  if (all === null) return [];
  const learn = all.filter((s) => s.split === 'learn');
  return [{ name: 'Belgium', kind: 'cell', learn, test: all.filter((s) => s.split === 'test') }];
}

const TRACES = { wifi_lisbon: lisbon, wifi_uji: uji, cell_dortmund: dortmund, cell_belgium: belgium };

/** Every real data set whose file is there, or those of one trace. */
export function openTraces(only?: keyof typeof TRACES): DataSet[] {
  return only === undefined ? Object.values(TRACES).flatMap((open) => open()) : TRACES[only]();
}

/** The simulated ones: always there, and the same each time. */
export function openSimulations(): DataSet[] {
  return [...WIFI_WORLDS.map(simulateWifi), ...CELL_WORLDS.map(simulateCells)];
}
