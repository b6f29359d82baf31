// The tolerant reader of submissions. Three shapes are in use: geosubmit v2 (`position`), its first version (`latitude` in
// the item) and MLS submit v1 (`lat`, `cell`, `wifi`); GeoClue sends the last to whatever URL it was given, so the item
// decides, not the path. Promises: no throw on any JSON value, work bounded by MAX_STATIONS an item (of what is beyond, only whether a name says no), a bad field is absent.
// A network's name is asked one question here (may we?) and dropped. Does not judge: admit.ts does.
import {
  canBeCellId,
  isValidArea,
  isValidMcc,
  isValidMnc,
  isValidPsc,
  RADIO,
  type Radio,
  radioOf,
  radioOfCell,
} from '../radio/cell.ts';
import { ABSENT, asObject, readInt, readNumber } from '../radio/fields.ts';
import { fixSourceOf } from '../radio/fix-source.ts';
import { parseMac } from '../radio/mac.ts';
import { isOptedOut, isRefusal } from '../radio/opt-out.ts';
import { asuDbm, bluetoothDbm, cellDbm, UNKNOWN_DBM, wifiDbm } from '../radio/signal.ts';
import { type CellHeard, type Fix, MAX_STATIONS, type MacHeard, type Report } from './report.ts';

type Fields = { readonly [field: string]: unknown };

/** What each shape calls its position and lists; where two names stand, the first that is present counts. */
type Shape = {
  readonly lat: string;
  readonly lon: string;
  readonly cells: readonly string[];
  readonly wifi: readonly string[];
  readonly bluetooth: readonly string[];
};

const GEOSUBMIT: Shape = {
  lat: 'latitude',
  lon: 'longitude',
  cells: ['cellTowers'],
  wifi: ['wifiAccessPoints'],
  bluetooth: ['bluetoothBeacons'],
};
const SUBMIT: Shape = {
  lat: 'lat',
  lon: 'lon',
  cells: ['cell', 'cellTowers'],
  wifi: ['wifi', 'wifiAccessPoints'],
  bluetooth: ['blue', 'bluetooth'],
};

/** Reads one item in whichever shape it has; null if it is not an object. */
export function readReport(item: unknown): Report | null {
  const fields = asObject(item);
  if (fields === null) return null;
  const position = asObject(fields.position);
  const shape = position === null && fields.latitude === undefined && isSubmit(fields) ? SUBMIT : GEOSUBMIT;
  const report: Report = {
    timeMs: readTime(fields.timestamp ?? fields.time),
    fix: readFix(position ?? fields, shape),
    wifi: [],
    bluetooth: [],
    cells: [],
    beyond: 0,
    optedOutBeyond: [],
    refusedBeyond: [],
  };
  const ownRadio = radioOf(fields.radioType) || radioOf(fields.radio);
  eachOf(fields, shape.cells, report, (entry) => report.cells.push(readCell(entry, ownRadio)));
  eachOf(
    fields,
    shape.wifi,
    report,
    (entry) => report.wifi.push(readMac(entry, entry.ssid, wifiDbm)),
    (entry) => hearBeyond(report, entry, entry.ssid),
  );
  // A beacon without a name, or with a blank one, is nothing special: hidden is a word for networks.
  eachOf(
    fields,
    shape.bluetooth,
    report,
    (entry) => report.bluetooth.push(readMac(entry, refusalOf(entry.name), bluetoothDbm)),
    (entry) => hearBeyond(report, entry, refusalOf(entry.name)),
  );
  return report;
}

/** A name that says no in words, or nothing. */
function refusalOf(name: unknown): unknown {
  return isRefusal(name) ? name : undefined;
}

/** Of an entry that there is no room for: whether its name says no. */
function hearBeyond(report: Report, entry: Fields, name: unknown): void {
  const mac = isOptedOut(name) ? parseMac(entry.macAddress ?? entry.key) : -1;
  if (mac <= 0) return;
  report.optedOutBeyond.push(mac);
  if (isRefusal(name)) report.refusedBeyond.push(mac);
}

function isSubmit(fields: Fields): boolean {
  return (
    fields.lat !== undefined || fields.cell !== undefined || fields.wifi !== undefined || fields.blue !== undefined
  );
}

/** Calls `read` for each object in the first list present, as long as the report has room, and `beyond` for the others. */
function eachOf(
  fields: Fields,
  names: readonly string[],
  report: Report,
  read: (entry: Fields) => void,
  beyond: (entry: Fields) => void = () => {},
): void {
  const list = names.map((name) => fields[name]).find((value) => Array.isArray(value)) as unknown[] | undefined;
  if (list === undefined) return;
  const room = MAX_STATIONS - report.wifi.length - report.bluetooth.length - report.cells.length;
  const taken = Math.min(list.length, room);
  report.beyond += list.length - taken;
  for (let i = 0; i < taken; i++) read(asObject(list[i]) ?? {});
  for (let i = taken; i < list.length; i++) beyond(asObject(list[i]) ?? {});
}

function readFix(fields: Fields, shape: Shape): Fix | null {
  if (fields[shape.lat] === undefined && fields[shape.lon] === undefined) return null;
  const accuracyM = orNaN(readNumber(fields.accuracy));
  const speedMps = orNaN(readNumber(fields.speed));
  return {
    lat: orNaN(readNumber(fields[shape.lat])),
    lon: orNaN(readNumber(fields[shape.lon])),
    // Zero and less stand for "unknown" on phones, never for perfection.
    accuracyM: accuracyM > 0 ? accuracyM : Number.NaN,
    altitudeM: orNaN(readNumber(fields.altitude)),
    speedMps: speedMps >= 0 ? speedMps : Number.NaN,
    ageMs: readAge(fields.age),
    source: fixSourceOf(fields.source),
  };
}

function readMac(entry: Fields, name: unknown, dbmOf: (dbm: number) => number): MacHeard {
  return {
    mac: parseMac(entry.macAddress ?? entry.key),
    dbm: dbmOf(readInt(entry.signalStrength ?? entry.signal)),
    ageMs: readAge(entry.age),
    optedOut: isOptedOut(name),
    refuses: isRefusal(name),
  };
}

function readCell(entry: Fields, ownRadio: Radio | 0): CellHeard {
  const word = entry.radioType ?? entry.radio;
  // A radio type we don't know must not become the report's: a 5G cell would turn into LTE.
  const said = word === undefined || word === null || word === '' ? ownRadio : radioOf(word);
  const cellId = readEither((id) => said !== 0 && canBeCellId(said, id), entry.cellId, entry.cid, entry.newRadioCellId);
  const radio = said === 0 ? 0 : radioOfCell(said, cellId);
  const isPsc = (psc: number) => radio !== 0 && isValidPsc(radio, psc);
  const psc = readEither(isPsc, entry.primaryScramblingCode, entry.psc);
  const mcc = readEither(isValidMcc, entry.mobileCountryCode, entry.mcc, entry.mobileCountryCodeStr);
  const mnc = readEither(isValidMnc, entry.mobileNetworkCode, entry.mnc, entry.mobileNetworkCodeStr);
  const isArea = (area: number) => radio !== 0 && isValidArea(radio, mcc, mnc, area);
  return {
    radio,
    mcc: orZero(mcc),
    mnc: mnc === ABSENT ? -1 : mnc,
    area: orZero(readEither(isArea, entry.locationAreaCode, entry.lac, entry.trackingAreaCode)),
    cellId: orZero(cellId),
    psc: isPsc(psc) ? psc : -1,
    timingAdvance: readTimingAdvance(radio, readInt(entry.timingAdvance ?? entry.ta)),
    dbm: radio === 0 ? ABSENT : dbmOf(radio, entry),
    ageMs: readAge(entry.age),
    serving: entry.serving === true || readInt(entry.serving) === 1,
  };
}

/** dBm, from its own field or, where that holds none, from the other unit's. */
function dbmOf(radio: Radio, entry: Fields): number {
  const dbm = cellDbm(radio, readInt(entry.signalStrength ?? entry.signal));
  return dbm === UNKNOWN_DBM ? asuDbm(radio, readInt(entry.asu)) : dbm;
}

/** The first of a field's names that holds what is valid, else the first that holds an integer; a placeholder hides no other. */
function readEither(isValid: (value: number) => boolean, ...values: unknown[]): number {
  const sent = values.map(readInt);
  return sent.find(isValid) ?? sent.find((value) => value !== ABSENT) ?? ABSENT;
}

/** Timing advance in the radio's own steps: GSM 0..219 (3GPP TS 45.010), LTE 0..1282 (TS 36.213); the others say nothing usable. */
function readTimingAdvance(radio: number, steps: number): number {
  const most = radio === RADIO.gsm ? 219 : radio === RADIO.lte ? 1282 : -1;
  return steps >= 0 && steps <= most ? steps : -1;
}

/** An age in ms, however long, sign ignored (clients disagree on it); NaN if absent. */
function readAge(value: unknown): number {
  return Math.abs(orNaN(readNumber(value)));
}

/** ISO 8601 with seconds or without, and whatever stands for the zone: `Z`, `+00` (GeoClue), `+0000`, nothing (UTC). */
const ISO_TIME = /^(\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?)(?:\.\d{1,9})?(Z|[+-]\d\d(?::?\d\d)?)?$/;

/** Epoch ms from a number, a numeric string or an ISO text; NaN if it is none of them. */
function readTime(value: unknown): number {
  const number = readNumber(value);
  if (number !== ABSENT) return number;
  const parts = typeof value === 'string' && value.length <= 40 ? ISO_TIME.exec(value) : null;
  if (parts === null) return Number.NaN;
  const [, time, zone = 'Z'] = parts;
  return Date.parse(`${time}${zone === 'Z' ? 'Z' : `${zone.slice(0, 3)}:${zone.slice(3).replace(':', '') || '00'}`}`);
}

const orNaN = (value: number) => (value === ABSENT ? Number.NaN : value);
const orZero = (value: number) => (value === ABSENT ? 0 : value);
