// Which reports may teach the map. Promises: pure; what is left has a possible position of known source, measured slowly
// enough and close enough in time to what was heard, and only transmitters that stand still, belong to nobody's pocket and
// were not opted out; everything dropped is counted under one reason. An unknown accuracy or speed stays unknown (NaN):
// the fold trusts it less, it is not taken for the best. Does not know who sent it.
import { isValidArea, isValidCellId, isValidMcc, isValidMnc } from '../radio/cell.ts';
import { isLocallyAdministered, isUsableMac, MAX_MAC } from '../radio/mac.ts';
import { DAY_MS, HOUR_MS } from '../time/spans.ts';
import type {
  AdmittedReport,
  CellHeard,
  CellSeen,
  Drops,
  Fix,
  MacHeard,
  MacSeen,
  NeighbourSeen,
  Report,
} from './report.ts';
import { servingOf } from './serving.ts';

/** Metres of 68 % accuracy beyond which a fix says nothing about a transmitter of this reach (Ichnaea's limits). */
const MAX_ACCURACY_M = { wifi: 200, bluetooth: 100, cell: 1_000 } as const;
/** Faster than 180 km/h the place of hearing is anybody's guess (Ichnaea). */
const MAX_SPEED_MPS = 50;
/** Between the fix and the hearing: at most this long, and at most this far at the reported speed (beaconDB). */
const MAX_GAP_MS = 30_000;
const MAX_GAP_M = 150;
/** The highest town lies at 5,100 m, the Dead Sea's shore at -430 m; what is outside flies, dives or errs. */
const ALTITUDE_M = { lowest: -500, highest: 5_500 } as const;
/** A report older than this comes from a clock that was never set (phones start at their firmware's date). */
export const MAX_REPORT_AGE_MS = 90 * DAY_MS;
/** Around 0,0 is open sea for a degree each way, and where broken software puts everything (beaconDB). */
const NULL_ISLAND_DEG = 1;

/**
 * Admits reports of one call. `drops` is added to. An access point opted out in one report of the call is out of all of them:
 * `optedOut` is what `collectOptOuts` found in the whole call, if these are not all of its reports.
 */
export function admit(
  reports: readonly (Report | null)[],
  nowMs: number,
  drops: Drops,
  optedOut: ReadonlySet<number> = collectOptOuts(reports),
): AdmittedReport[] {
  const admitted: AdmittedReport[] = [];
  for (const report of reports) {
    const kept = report === null ? null : admitReport(report, nowMs, optedOut, drops);
    if (report === null) drops.malformed++;
    if (kept !== null) admitted.push(kept);
  }
  return admitted;
}

/** Addresses that any of the reports says are opted out. */
export function collectOptOuts(reports: readonly (Report | null)[]): Set<number> {
  const optedOut = new Set<number>();
  for (const report of reports) {
    if (report === null) continue;
    for (const heard of report.wifi) if (heard.optedOut) optedOut.add(heard.mac);
    for (const heard of report.bluetooth) if (heard.optedOut) optedOut.add(heard.mac);
    for (const mac of report.optedOutBeyond) optedOut.add(mac);
  }
  return optedOut;
}

function admitReport(
  report: Report,
  nowMs: number,
  optedOut: ReadonlySet<number>,
  drops: Drops,
): AdmittedReport | null {
  drops.tooMany += report.beyond;
  const { fix } = report;
  const problem = fix === null ? 'noPosition' : fixProblem(fix);
  if (fix === null || problem !== null) {
    drops[problem ?? 'noPosition']++;
    return null;
  }
  const wifi = admitMacs(report.wifi, fix, MAX_ACCURACY_M.wifi, optedOut, drops);
  const bluetooth = admitMacs(report.bluetooth, fix, MAX_ACCURACY_M.bluetooth, optedOut, drops);
  const { cells, neighbours } = admitCells(report.cells, fix, drops);
  if (wifi.length + bluetooth.length + cells.length === 0) {
    drops.nothingHeard++;
    return null;
  }
  const { lat, lon, accuracyM, speedMps } = fix;
  return {
    lat,
    lon,
    accuracyM,
    speedMps,
    fused: fix.source === 'fused',
    timeMs: believableHour(report.timeMs, nowMs, drops),
    wifi,
    bluetooth,
    cells,
    neighbours,
  };
}

type FixProblem = 'impossiblePosition' | 'lookedUp' | 'airborne' | 'fast' | 'inaccurate';

/** Why a position teaches nothing, or null. */
function fixProblem(fix: Fix): FixProblem | null {
  const { lat, lon } = fix;
  if (!(lat >= -90 && lat <= 90 && lon >= -180 && lon <= 180)) return 'impossiblePosition';
  if (Math.abs(lat) <= NULL_ISLAND_DEG && Math.abs(lon) <= NULL_ISLAND_DEG) return 'impossiblePosition';
  // An answer of a location service would confirm itself: look-ups never teach.
  if (fix.source === 'query') return 'lookedUp';
  if (fix.altitudeM < ALTITUDE_M.lowest || fix.altitudeM > ALTITUDE_M.highest) return 'airborne';
  if (fix.speedMps > MAX_SPEED_MPS) return 'fast';
  return fix.accuracyM > MAX_ACCURACY_M.cell ? 'inaccurate' : null;
}

/** The report's hour, or the present one if its clock can't be right: a time to come would keep a station young for ever. */
function believableHour(timeMs: number, nowMs: number, drops: Drops): number {
  const believable = timeMs <= nowMs && timeMs >= nowMs - MAX_REPORT_AGE_MS;
  if (!believable && !Number.isNaN(timeMs)) drops.clockUnset++;
  return floorToHour(believable ? timeMs : nowMs);
}

export function floorToHour(timeMs: number): number {
  return Math.floor(timeMs / HOUR_MS) * HOUR_MS;
}

function admitMacs(
  heard: readonly MacHeard[],
  fix: Fix,
  maxAccuracyM: number,
  optedOut: ReadonlySet<number>,
  drops: Drops,
): MacSeen[] {
  const seen = new Map<number, MacSeen>();
  for (const { mac, dbm, ageMs } of heard) {
    const problem =
      macProblem(mac, optedOut) ?? gapProblem(fix, ageMs) ?? (fix.accuracyM > maxAccuracyM ? 'inaccurateForMac' : null);
    if (problem !== null) {
      drops[problem]++;
      continue;
    }
    keepBetter(seen, mac, { mac, dbm, ageMs: gapMs(fix, ageMs) }, drops);
  }
  return [...seen.values()];
}

function macProblem(
  mac: number,
  optedOut: ReadonlySet<number>,
): 'unreadable' | 'optedOut' | 'locallyAdministered' | 'unusableMac' | null {
  if (mac < 0) return 'unreadable';
  if (optedOut.has(mac)) return 'optedOut';
  if (isUsableMac(mac)) return null;
  return isLocallyAdministered(mac) && mac < MAX_MAC ? 'locallyAdministered' : 'unusableMac';
}

function admitCells(
  heard: readonly CellHeard[],
  fix: Fix,
  drops: Drops,
): { cells: CellSeen[]; neighbours: NeighbourSeen[] } {
  const seen = new Map<string, CellSeen>();
  const neighbours = new Map<string, NeighbourSeen & { mcc: number; mnc: number; ageMs: number }>();
  for (const cell of heard) {
    const { radio, mcc, mnc, area, cellId, psc, dbm } = cell;
    const problem = radio === 0 ? 'badCell' : gapProblem(fix, cell.ageMs);
    if (radio === 0 || problem !== null) drops[problem ?? 'badCell']++;
    else if (isValidArea(radio, mcc, mnc, area) && isValidCellId(radio, cellId)) {
      keepBetter(
        seen,
        `${radio}/${mcc}/${mnc}/${area}/${cellId}`,
        { ...cell, radio, ageMs: gapMs(fix, cell.ageMs) },
        drops,
      );
    } else if (psc >= 0) {
      const network = isValidMcc(mcc) && isValidMnc(mnc) ? { mcc, mnc } : { mcc: 0, mnc: 0 };
      const key = `${radio}/${network.mcc}/${network.mnc}/${psc}`;
      keepBetter(neighbours, key, { radio, psc, dbm, ...network, ageMs: 0 }, drops);
    } else drops.badCell++;
  }
  const cells = [...seen.values()];
  const serving = servingOf(cells);
  // Neighbours of nothing teach nothing, nor do those of another network (two SIM cards); most tell none.
  const isOurs = ({ mcc, mnc }: { mcc: number; mnc: number }) =>
    serving !== null && (mcc === 0 || (mcc === serving.mcc && mnc === serving.mnc));
  const ours = [...neighbours.values()].filter(isOurs);
  drops.badCell += neighbours.size - ours.length;
  return { cells, neighbours: ours.map(({ radio, psc, dbm }) => ({ radio, psc, dbm })) };
}

function keepBetter<K, T extends { ageMs: number; dbm: number }>(kept: Map<K, T>, key: K, next: T, drops: Drops): void {
  const before = kept.get(key);
  if (before !== undefined) drops.repeated++;
  if (before === undefined || isBetter(next, before)) kept.set(key, next);
}

/** Of two hearings of one transmitter: the one closer in time to the fix, then the stronger. */
function isBetter(next: { ageMs: number; dbm: number }, before: { ageMs: number; dbm: number }): boolean {
  const closer = Math.abs(before.ageMs || 0) - Math.abs(next.ageMs || 0);
  return closer > 0 || (closer === 0 && next.dbm > before.dbm);
}

/** How long before the fix something was heard, ms; NaN if nobody said. One age alone counts from the report's time. */
function gapMs(fix: Fix, heardAgeMs: number): number {
  if (Number.isNaN(heardAgeMs) && Number.isNaN(fix.ageMs)) return Number.NaN;
  return (heardAgeMs || 0) - (fix.ageMs || 0);
}

function gapProblem(fix: Fix, heardAgeMs: number): 'stale' | 'smeared' | null {
  const gap = Math.abs(gapMs(fix, heardAgeMs) || 0);
  if (gap > MAX_GAP_MS) return 'stale';
  return (gap / 1000) * (fix.speedMps || 0) > MAX_GAP_M ? 'smeared' : null;
}
