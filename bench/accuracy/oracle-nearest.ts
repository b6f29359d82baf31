// What nobody may build, beside what we did: a method that keeps every raw report for ever, with its place, whoever sent it
// and however few heard the same, and answers with the mean of those most like the question. It knows all that any map
// could have learnt of the lessons; where it misses a goal, the goal asks for more than the lessons hold or the truths tell.

import type { Answer, Method } from './method.ts';
import type { Scan } from './traces.ts';

/** Reports that are averaged: fewer follow single wild fixes, more blur (5 and 15 are alike on every set). */
const NEAREST = 15;
/** Decibels by which even the most alike report differs. */
const ALIKE_DB = 5;
/** What is not heard counts as this; what is heard without a strength as a bit more. */
const UNHEARD_DBM = { wifi: -95, cell: -125 };
const NO_STRENGTH_DB = 5;
/** Reports with fixes wider or older than these are no lessons. */
const LESSON = { accuracyM: 100, ageMs: 30_000 };

type Print = ReadonlyMap<string, number>;

/** Strengths over UNHEARD_DBM by transmitter; neighbours without an identity by the physical one. */
function printOf(scan: Scan): Print {
  const print = new Map<string, number>();
  const over = (dbm: number, unheard: number) => Math.max(Number.isNaN(dbm) ? NO_STRENGTH_DB : dbm - unheard, 0);
  for (const { mac, dbm } of scan.wifi) print.set(`${mac}`, over(dbm, UNHEARD_DBM.wifi));
  for (const { cellId, psc, dbm } of scan.cells) {
    print.set(cellId > 0 ? `cell ${cellId}` : `psc ${psc}`, over(dbm, UNHEARD_DBM.cell));
  }
  return print;
}

export function createNearestReports(): Method {
  const reports: { lat: number; lon: number; print: Print; sum: number }[] = [];
  const heardIn = new Map<string, number[]>();

  function learn(scans: readonly Scan[]): void {
    for (const scan of scans) {
      if (Math.abs(scan.ageMs) > LESSON.ageMs || scan.accuracyM > LESSON.accuracyM) continue;
      const print = printOf(scan);
      for (const key of print.keys()) {
        const list = heardIn.get(key);
        if (list === undefined) heardIn.set(key, [reports.length]);
        else list.push(reports.length);
      }
      reports.push({ lat: scan.lat, lon: scan.lon, print, sum: sumOf(print) });
    }
  }

  function locate(scan: Scan): Answer | null {
    const asked = printOf(scan);
    const total = sumOf(asked);
    // Summed strengths of both, less what they share twice, is the sum of their differences.
    const shared = new Map<number, number>();
    for (const [key, over] of asked)
      for (const i of heardIn.get(key) ?? [])
        shared.set(i, (shared.get(i) ?? 0) + Math.min(over, reports[i].print.get(key)!));
    const nearest = [...shared]
      .map(([i, both]) => ({ report: reports[i], differsDb: total + reports[i].sum - 2 * both }))
      .sort((a, b) => a.differsDb - b.differsDb)
      .slice(0, NEAREST);
    if (nearest.length === 0) return null;
    let [sw, lat, lon] = [0, 0, 0];
    for (const { report, differsDb } of nearest) {
      const w = 1 / (differsDb + ALIKE_DB) ** 2;
      sw += w;
      lat += w * report.lat;
      lon += w * report.lon;
    }
    // No circle: it stands here for its errors alone.
    return { lat: lat / sw, lon: lon / sw, accuracyM: Number.POSITIVE_INFINITY };
  }

  return { name: 'oracle: all raw reports', learn, locate };
}

const sumOf = (print: Print) => [...print.values()].reduce((sum, over) => sum + over, 0);
