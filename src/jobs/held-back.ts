// A share of the reports is asked of the map before it learns them, as their phones would have asked: what that says of the
// circles goes into the error record. Promises: pure; which reports is decided by their digests, which nobody outside knows; a
// station that was taught by the same contributor on that day, or in a fleet by anybody, is not asked what it has just
// heard; only sharp and fresh satellite fixes are truths; a report that can't be asked is passed over, since these counts are
// worth less than the learning of the rest. Keeps no place, and of the contributor a hash of the day's tag.
import { dayOf } from '../observations/contributor.ts';
import { type ClaimedRow, witnessOf } from '../observations/gather.ts';
import { decodeReport } from '../observations/payload.ts';
import type { AdmittedReport } from '../observations/report.ts';
import { beginDay, countError, type ErrorRecord, FLEET } from '../positioning/error-record.ts';
import { createExaminer } from '../positioning/examine.ts';
import { addCell, addMac, clearReadings, createReadings, type Readings } from '../positioning/readings.ts';
import type { KnownStation } from '../stations/fold-store.ts';
import { MAC_KIND } from '../stations/index-contract.ts';
import { cellName, macName, openKnownReader } from '../stations/known-reader.ts';
import { hasArrival } from '../stations/whereabouts.ts';

/** One report in so many. */
const HELD_BACK = 4;
/** A truth is a fix at most so wide (68 %) and so far in time from what was heard. */
const TRUTH_M = 40;
const TRUTH_MS = 15_000;
/** Highest witness number that does not stand for something else in the record's bytes. */
const MOST_WITNESS = 0xffff_fffe;

/** A row of the inbox with its digest. */
export type HeldRow = ClaimedRow & { digest: Uint8Array };

/**
 * Asks `known`, the stations of these rows as they were before, and counts in `record`. True if the record changed. `onError`
 * is told of what went wrong with a report.
 */
export function examineHeldBack(
  rows: readonly HeldRow[],
  known: ReadonlyMap<string, KnownStation>,
  dayKeyOf: (day: number) => Uint8Array | undefined,
  record: ErrorRecord,
  nowMs: number,
  onError: (error: unknown) => void,
): boolean {
  const examine = createExaminer(openKnownReader(known, nowMs));
  const readings = createReadings();
  let changed = false;
  for (const row of rows) {
    const day = dayOf(row.receivedAtMs);
    if (beginDay(record, day)) changed = true;
    // Late rows of a day that is closed are learnt, but not counted.
    if (day < record.day || row.digest[4] % HELD_BACK !== 0) continue;
    const report = readTruth(row.payload);
    if (report === null) continue;
    const dayKey = dayKeyOf(day);
    const names = namesOf(report);
    const witness = (name: string) => (row.trusted ? null : witnessOf(dayKey, row.contributor, name));
    if (names.some((name) => hasTaught(known.get(name), day, witness(name)))) continue;
    const tag = row.trusted ? FLEET : Math.min(witnessOf(dayKey, row.contributor, 'calibration'), MOST_WITNESS);
    const lot = Buffer.from(row.digest).readUInt32LE(0);
    try {
      examine(readInto(readings, report), report.lat, report.lon, report.timeMs, (errorClass, ratio) => {
        countError(record, tag, errorClass, ratio, lot);
        changed = true;
      });
    } catch (error) {
      onError(error);
    }
  }
  return changed;
}

function readTruth(payload: Buffer): AdmittedReport | null {
  try {
    const report = decodeReport(payload);
    return report.accuracyM <= TRUTH_M && !report.fused ? report : null;
  } catch {
    return null;
  }
}

function namesOf({ wifi, bluetooth, cells }: AdmittedReport): string[] {
  return [
    ...wifi.map(({ mac }) => macName(MAC_KIND.wifi, mac)),
    ...bluetooth.map(({ mac }) => macName(MAC_KIND.bluetooth, mac)),
    ...cells.map((c) => cellName(c.radio, c.mcc, c.mnc, c.area, c.cellId)),
  ];
}

function hasTaught(known: KnownStation | undefined, day: number, witness: number | null): boolean {
  return known !== undefined && hasArrival(known.station.whereabouts, day, witness);
}

/** What the phone could have asked with. */
function readInto(readings: Readings, { wifi, bluetooth, cells, neighbours }: AdmittedReport): Readings {
  clearReadings(readings);
  const isFresh = ({ ageMs }: { ageMs: number }) => !(Math.abs(ageMs) > TRUTH_MS);
  for (const { mac, dbm } of wifi.filter(isFresh)) addMac(readings.wifi, mac, dbm, 0);
  for (const { mac, dbm } of bluetooth.filter(isFresh)) addMac(readings.bluetooth, mac, dbm, 0);
  for (const { cellId, timingAdvance, serving, ...cell } of cells.filter(isFresh)) {
    addCell(readings.cells, { ...cell, id: cellId, ta: timingAdvance, ageMs: 0, serving: serving ? 1 : 0 });
  }
  for (const { radio, psc, dbm } of neighbours) {
    addCell(readings.cells, { radio, mcc: 0, mnc: 0, area: 0, id: 0, psc, ta: -1, dbm, ageMs: 0, serving: 0 });
  }
  return readings;
}
