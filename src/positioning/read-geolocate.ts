// The tolerant reader of the Mozilla/Google geolocate body: all that real clients send and all they get wrong (KaiOS's -1 and
// +85 dBm, strings as numbers, four notations of MACs, a cell's own radio type beating the request's).
// Promises: a bad entry or field is dropped, never the request; no throw on any JSON value; work bounded by MAX_ENTRIES a
// list; nothing of a network's name survives. Does not reject: the schema in wire.ts documents, this decides.
import { isValidArea, isValidCellId, MAX_PSC, RADIO, type Radio, radioOf } from '../radio/cell.ts';
import { ABSENT, asObject, readInt, readNumber, readSwitch } from '../radio/fields.ts';
import { isUsableMac, parseMac } from '../radio/mac.ts';
import { isOptedOut } from '../radio/opt-out.ts';
import { asuDbm, bluetoothDbm, cellDbm, UNKNOWN_DBM, wifiDbm } from '../radio/signal.ts';
import {
  addCell,
  addMac,
  type CellReading,
  clearReadings,
  type FixReading,
  type Readings,
  removeMac,
} from './readings.ts';

/** Entries looked at in one list: more than a body of 64 KiB can hold that mean anything. */
const MAX_ENTRIES = 4096;
/** Ages beyond an hour are junk (Ichnaea's bound). */
const MAX_AGE_MS = 3_600_000;
/** A satellite fix older than a day says nothing. */
const MAX_FIX_AGE_MS = 86_400_000;

type Fields = { readonly [field: string]: unknown };
const NO_FIELDS: Fields = Object.freeze({});

/**
 * Reads a parsed body into `into` (cleared first). `undefined` (no body) reads as `{}`.
 * `clientIp` is kept only if the body lets us use it: `considerIp: false` always wins, then `fallbacks.ipf`.
 * Returns false if the body is not an object: the one thing that makes a request malformed.
 */
export function readGeolocate(body: unknown, clientIp: string | undefined, into: Readings): boolean {
  clearReadings(into);
  const fields = body === undefined ? NO_FIELDS : asObject(body);
  if (fields === null) return false;
  const fallbacks = asObject(fields.fallbacks) ?? NO_FIELDS;
  into.allowArea = readSwitch(fallbacks.lacf);
  into.ip = readSwitch(fields.considerIp) && readSwitch(fallbacks.ipf) ? clientIp : undefined;
  const home = readInt(fields.homeMobileCountryCode);
  into.homeMcc = home >= 1 && home <= 999 ? home : 0;
  readWifi(fields.wifiAccessPoints, into);
  readBluetooth(fields.bluetoothBeacons, into);
  readCells(fields.cellTowers, radioOf(fields.radioType), into);
  readFix(asObject(fields.position), into.fix);
  return true;
}

function readWifi(list: unknown, into: Readings): void {
  if (!Array.isArray(list)) return;
  const n = Math.min(list.length, MAX_ENTRIES);
  let optedOut = 0;
  for (let i = 0; i < n; i++) {
    const entry = asObject(list[i]);
    if (entry === null) continue;
    const mac = parseMac(entry.macAddress);
    if (!isUsableMac(mac)) continue;
    if (entry.ssid !== undefined && isOptedOut(entry.ssid)) optedOut++;
    else addMac(into.wifi, mac, wifiDbm(readInt(entry.signalStrength)), readAge(entry.age));
  }
  // A refusal holds for the address, also where the same list names it again without its name.
  for (let i = 0; optedOut > 0 && i < n; i++) {
    const entry = asObject(list[i]);
    if (entry !== null && isOptedOut(entry.ssid)) removeMac(into.wifi, parseMac(entry.macAddress));
  }
}

function readBluetooth(list: unknown, into: Readings): void {
  if (!Array.isArray(list)) return;
  const n = Math.min(list.length, MAX_ENTRIES);
  for (let i = 0; i < n; i++) {
    const entry = asObject(list[i]);
    if (entry === null) continue;
    const mac = parseMac(entry.macAddress);
    if (isUsableMac(mac)) addMac(into.bluetooth, mac, bluetoothDbm(readInt(entry.signalStrength)), readAge(entry.age));
  }
}

/** An entry's age in ms, sign ignored (clients disagree on it), 0 if absent or beyond an hour. */
function readAge(value: unknown): number {
  const age = Math.abs(readInt(value));
  return age <= MAX_AGE_MS ? age : 0;
}

const scratch: CellReading = {
  radio: 0,
  mcc: 0,
  mnc: 0,
  area: 0,
  id: 0,
  psc: -1,
  ta: -1,
  dbm: UNKNOWN_DBM,
  ageMs: 0,
  serving: 0,
};

function readCells(list: unknown, defaultRadio: Radio | 0, into: Readings): void {
  if (!Array.isArray(list)) return;
  const n = Math.min(list.length, MAX_ENTRIES);
  for (let i = 0; i < n; i++) {
    const entry = asObject(list[i]);
    if (entry !== null && readCell(entry, defaultRadio, scratch)) addCell(into.cells, scratch);
  }
}

/** Reads one cell; false if it names neither a cell, nor an area, nor a neighbour of a known network. */
function readCell(entry: Fields, defaultRadio: Radio | 0, cell: CellReading): boolean {
  const word = entry.radioType;
  let radio = word === undefined || word === null || word === '' ? defaultRadio : radioOf(word);
  if (radio === 0) return false;
  const mcc = readInt(entry.mobileCountryCode);
  let mnc = readInt(entry.mobileNetworkCode);
  if (mnc === ABSENT) mnc = readInt(entry.mobileNetworkCodeStr);
  if (!(mcc >= 1 && mcc <= 999 && mnc >= 0 && mnc <= 999)) return false;
  let area = readInt(entry.locationAreaCode);
  if (area === ABSENT) area = readInt(entry.trackingAreaCode);
  let id = readInt(entry.cellId);
  if (id === ABSENT) id = readInt(entry.newRadioCellId);
  // A GSM identity has 16 bits: a longer one is a UMTS cell reported by a modem that says "gsm" for all of 3GPP.
  if (radio === RADIO.gsm && id > 0xffff && isValidCellId(RADIO.wcdma, id)) radio = RADIO.wcdma;
  cell.radio = radio;
  cell.mcc = mcc;
  cell.mnc = mnc;
  cell.area = isValidArea(radio, mcc, mnc, area) ? area : 0;
  cell.id = isValidCellId(radio, id) ? id : 0;
  let psc = readInt(entry.psc);
  if (psc === ABSENT) psc = readInt(entry.primaryScramblingCode);
  cell.psc = psc >= 0 && psc <= MAX_PSC[radio] && radio !== RADIO.gsm ? psc : -1;
  if (cell.area === 0 && cell.id === 0 && cell.psc < 0) return false;
  const strength = readInt(entry.signalStrength);
  cell.dbm = strength === ABSENT ? asuDbm(radio, readInt(entry.asu)) : cellDbm(radio, strength);
  cell.ta = readTimingAdvance(radio, readInt(entry.timingAdvance));
  cell.ageMs = readAge(entry.age);
  cell.serving = entry.serving === true || readInt(entry.serving) === 1 ? 1 : 0;
  return true;
}

/** Timing advance in the radio's own steps: GSM 0..219 (TS 45.010), LTE 0..1282 (TS 36.213); UMTS and NR say nothing usable. */
function readTimingAdvance(radio: number, ta: number): number {
  const max = radio === RADIO.gsm ? 219 : radio === RADIO.lte ? 1282 : -1;
  return ta >= 0 && ta <= max ? ta : -1;
}

/** The phone's own fix in the shape of a geosubmit position; the null island and anything out of range is no fix. */
function readFix(position: Fields | null, into: FixReading): void {
  if (position === null) return;
  const lat = readNumber(position.latitude);
  const lon = readNumber(position.longitude);
  if (!(lat >= -90 && lat <= 90 && lon >= -180 && lon <= 180) || (lat === 0 && lon === 0)) return;
  const accuracy = readNumber(position.accuracy);
  const sent = position.accuracy !== undefined && position.accuracy !== null;
  if (sent && !(accuracy > 0 && accuracy <= 1_000_000)) return;
  const age = readNumber(position.age);
  const speed = readNumber(position.speed);
  if (age !== ABSENT && Math.abs(age) > MAX_FIX_AGE_MS) return;
  // An earlier answer of a location service is not a satellite fix: it would confirm itself.
  if (typeof position.source === 'string' && position.source.toLowerCase() === 'query') return;
  into.present = true;
  into.lat = lat;
  into.lon = lon;
  into.accuracyM = sent ? accuracy : 0;
  into.ageMs = age === ABSENT ? 0 : Math.abs(age);
  into.speedMps = speed >= 0 && speed <= 300 ? speed : -1;
}
