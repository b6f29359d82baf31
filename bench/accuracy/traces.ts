// Reads the trace files beside the project (../shared/data, never committed) into scans: what one phone saw at once, with
// the position it was at. Promises: fields beginning with `_` become labels only; junk values (MACs that are none, RSRP of
// -225) are kept out. A file that is absent reads as null, and whoever asked says that it skipped it.

import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { RADIO, radioOf } from '../../src/radio/cell.ts';
import { parseMac } from '../../src/radio/mac.ts';

/** Folder of the real data, relative to this file: beside the project's root. */
const TRACES_URL = new URL('../../../shared/data/traces/', import.meta.url);

/** One cell of a scan; area and cellId are 0 for neighbours of which only the physical identity is known. */
export type CellSeen = {
  radio: number;
  mcc: number;
  mnc: number;
  area: number;
  cellId: number;
  psc: number;
  serving: boolean;
  /** NaN = not told. */
  dbm: number;
  /** In steps of the radio technology; -1 = not told. */
  timingAdvance: number;
};

export type MacSeen = { mac: number; dbm: number };

/** One scan: position in degrees, accuracy in metres (NaN = not told), age of the fix in ms against the scan. */
export type Scan = {
  split: string;
  group: string;
  trace: string;
  month: number;
  device: string;
  timeMs: number;
  lat: number;
  lon: number;
  accuracyM: number;
  ageMs: number;
  speedMps: number;
  wifi: MacSeen[];
  cells: CellSeen[];
  /** The line of the trace's file, '' if there is none. */
  line: string;
};

type Json = Record<string, unknown>;

const numberOr = (value: unknown, otherwise: number) => (typeof value === 'number' ? value : otherwise);
const textOr = (value: unknown, otherwise: string) => (typeof value === 'string' ? value : otherwise);
const listOf = (value: unknown) => (Array.isArray(value) ? (value as Json[]) : []);

/** Strongest RSRP or RSSI a modem can mean; 0 and above is a missing value, below -140 a junk one (data/README: -225). */
function dbmOf(value: unknown): number {
  const dbm = numberOr(value, Number.NaN);
  return dbm < 0 && dbm >= -140 ? dbm : Number.NaN;
}

function readCell(json: Json): CellSeen {
  return {
    radio: radioOf(json.radioType) || RADIO.lte,
    mcc: numberOr(json.mobileCountryCode, 0),
    mnc: numberOr(json.mobileNetworkCode, 0),
    area: numberOr(json.locationAreaCode, 0),
    cellId: numberOr(json.cellId, 0),
    psc: numberOr(json.primaryScramblingCode, -1),
    serving: json.serving === 1,
    dbm: dbmOf(json.signalStrength),
    timingAdvance: numberOr(json.timingAdvance, -1),
  };
}

function readScan(line: string): Scan {
  const json = JSON.parse(line) as Json;
  const position = (json.position ?? {}) as Json;
  const wifi: MacSeen[] = [];
  for (const entry of listOf(json.wifiAccessPoints)) {
    const mac = parseMac(entry.macAddress);
    if (mac >= 0) wifi.push({ mac, dbm: dbmOf(entry.signalStrength) });
  }
  return {
    split: textOr(json._split, ''),
    group: textOr(json._site, textOr(json._env, `floor-${numberOr(json._floor, 0)}`)),
    trace: textOr(json._trace, ''),
    month: numberOr(json._month, 0),
    device: textOr(json._device, ''),
    timeMs: numberOr(json.timestamp, 0),
    lat: numberOr(position.latitude, Number.NaN),
    lon: numberOr(position.longitude, Number.NaN),
    accuracyM: numberOr(position.accuracy, Number.NaN),
    ageMs: numberOr(position.age, 0),
    speedMps: numberOr(position.speed, Number.NaN),
    wifi,
    cells: listOf(json.cellTowers).map(readCell),
    line,
  };
}

/** All scans of one trace file in its order, or null if the file is not there. */
export function readTraces(file: string): Scan[] | null {
  const url = new URL(file, TRACES_URL);
  if (!existsSync(url)) return null;
  const scans: Scan[] = [];
  for (const line of gunzipSync(readFileSync(url)).toString('utf8').split('\n')) {
    if (line !== '') scans.push(readScan(line));
  }
  return scans;
}

/** A truth must be fresh and sharp: at most 15 s and 40 m (data's README, for Lisbon). */
export function isTruth({ ageMs, accuracyM }: Scan): boolean {
  return Math.abs(ageMs) <= 15_000 && !(accuracyM > 40);
}
