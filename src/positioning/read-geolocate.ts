// The tolerant reader of the Mozilla/Google geolocate body: all that real clients send and all they get wrong (KaiOS's -1 and
// +85 dBm, strings as numbers, four notations of MACs, a cell's own radio type beating the request's).
// Promises: a bad entry or field is dropped, never the request; no throw on any JSON value; work bounded by MAX_ENTRIES a
// list; nothing of a network's name survives. Does not reject: the schema in wire.ts documents, this decides.
import { type Radio, radioOf } from '../radio/cell.ts';
import { ABSENT, asObject, readInt, readNumber, readSwitch } from '../radio/fields.ts';
import { fixSourceOf } from '../radio/fix-source.ts';
import { isUsableMac, parseMac } from '../radio/mac.ts';
import { isOptedOut, isRefusal } from '../radio/opt-out.ts';
import { bluetoothDbm, wifiDbm } from '../radio/signal.ts';
import { addRawCell, ageOf, createRawCell, RAW } from './raw-cell.ts';
import {
  addMac,
  clearReadings,
  type FixReading,
  MAX_CELLS,
  type MacReadings,
  type Readings,
  removeMac,
} from './readings.ts';

/** Entries looked at in one list: more than a body of 64 KiB can hold that mean anything. */
export const MAX_ENTRIES = 4096;
/** A satellite fix older than a day says nothing. */
const MAX_FIX_AGE_MS = 86_400_000;

type Fields = { readonly [field: string]: unknown };
const NO_FIELDS: Fields = Object.freeze({});

/**
 * Reads a parsed body into `into` (cleared first). `undefined` (no body) reads as `{}`.
 * `clientIp` is kept only if the body lets us use it: `considerIp: false` (or `considerIP`) always wins, then `fallbacks.ipf`.
 * Returns false if the body is not an object: the one thing that makes a request malformed.
 */
export function readGeolocate(body: unknown, clientIp: string | undefined, into: Readings): boolean {
  clearReadings(into);
  const fields = body === undefined ? NO_FIELDS : asObject(body);
  if (fields === null) return false;
  const fallbacks = asObject(fields.fallbacks) ?? NO_FIELDS;
  into.allowArea = readSwitch(fallbacks.lacf);
  // Arduino's WifiLocation and what was copied from it write `considerIP`; a no is a no.
  const considerIp = readSwitch(fields.considerIp) && readSwitch(fields.considerIP);
  into.ip = considerIp && readSwitch(fallbacks.ipf) ? clientIp : undefined;
  readMacs(fields.wifiAccessPoints, WIFI, into.wifi);
  readMacs(fields.bluetoothBeacons, BLUETOOTH, into.bluetooth);
  readCells(fields.cellTowers, isBlank(fields.radioType) ? null : radioOf(fields.radioType), into);
  readFix(asObject(fields.position), into.fix);
  return true;
}

/** What tells access points and beacons apart here: where the name is, when it says no, and what a receiver reports. */
type MacReading = {
  readonly name: 'ssid' | 'name';
  readonly refuses: (name: unknown) => boolean;
  readonly dbmOf: (dbm: number) => number;
};
const WIFI: MacReading = { name: 'ssid', refuses: isOptedOut, dbmOf: wifiDbm };
/** A beacon without a name is nothing special, unlike a network. */
const BLUETOOTH: MacReading = { name: 'name', refuses: isRefusal, dbmOf: bluetoothDbm };

function readMacs(list: unknown, { name, refuses, dbmOf }: MacReading, into: MacReadings): void {
  if (!Array.isArray(list)) return;
  const n = Math.min(list.length, MAX_ENTRIES);
  let refused = 0;
  for (let i = 0; i < n; i++) {
    const entry = asObject(list[i]);
    if (entry === null) continue;
    const mac = parseMac(entry.macAddress);
    if (!isUsableMac(mac)) continue;
    if (entry[name] !== undefined && refuses(entry[name])) refused++;
    else addMac(into, mac, dbmOf(readInt(entry.signalStrength)), ageOf(readInt(entry.age)));
  }
  // A refusal holds for the address, also where the same list names it again without its name.
  for (let i = 0; refused > 0 && i < n; i++) {
    const entry = asObject(list[i]);
    if (entry !== null && refuses(entry[name])) removeMac(into, parseMac(entry.macAddress));
  }
}

const raw = createRawCell();

/** `defaultRadio`: what the request says, null = nothing. */
function readCells(list: unknown, defaultRadio: Radio | 0 | null, into: Readings): void {
  if (!Array.isArray(list)) return;
  const n = Math.min(list.length, MAX_ENTRIES);
  for (let i = 0; i < n; i++) {
    const entry = asObject(list[i]);
    if (entry === null) continue;
    if (readCell(entry, defaultRadio)) addRawCell(raw, into.cells);
    else if (into.unsaid.length <= MAX_CELLS) into.unsaid.push(raw.slice());
  }
}

/** Into `raw`; false if nothing says by which radio it is heard. */
function readCell(entry: Fields, defaultRadio: Radio | 0 | null): boolean {
  // Firefox OS 1.4 to 2.2 says `radio` for it, as Ichnaea read it.
  const word = isBlank(entry.radioType) ? entry.radio : entry.radioType;
  const radio = isBlank(word) ? defaultRadio : radioOf(word);
  raw[RAW.radio] = radio ?? 0;
  raw[RAW.mcc] = readInt(entry.mobileCountryCode);
  raw[RAW.mnc] = readInt(entry.mobileNetworkCode);
  raw[RAW.mncText] = readInt(entry.mobileNetworkCodeStr);
  raw[RAW.lac] = readInt(entry.locationAreaCode);
  raw[RAW.tac] = readInt(entry.trackingAreaCode);
  raw[RAW.cellId] = readInt(entry.cellId);
  raw[RAW.nrCellId] = readInt(entry.newRadioCellId);
  raw[RAW.psc] = readInt(entry.psc);
  raw[RAW.scramblingCode] = readInt(entry.primaryScramblingCode);
  raw[RAW.strength] = readInt(entry.signalStrength);
  raw[RAW.asu] = readInt(entry.asu);
  raw[RAW.timingAdvance] = readInt(entry.timingAdvance);
  raw[RAW.age] = readInt(entry.age);
  raw[RAW.serving] = entry.serving === true || readInt(entry.serving) === 1 ? 1 : 0;
  return radio !== null;
}

function isBlank(word: unknown): boolean {
  return word === undefined || word === null || word === '';
}

/** The phone's own fix in the shape of a geosubmit position; the null island and anything out of range is no fix. */
function readFix(position: Fields | null, into: FixReading): void {
  if (position === null) return;
  const lat = readNumber(position.latitude);
  const lon = readNumber(position.longitude);
  if (!(lat >= -90 && lat <= 90 && lon >= -180 && lon <= 180) || (lat === 0 && lon === 0)) return;
  const accuracy = readNumber(position.accuracy);
  // Android says 0 for unknown, others -1.
  const isUnknown = (position.accuracy ?? null) === null || (accuracy <= 0 && accuracy !== ABSENT);
  if (!isUnknown && !(accuracy > 0 && accuracy <= 1_000_000)) return;
  const age = readNumber(position.age);
  const speed = readNumber(position.speed);
  if (age !== ABSENT && Math.abs(age) > MAX_FIX_AGE_MS) return;
  // An earlier answer of a location service is not a satellite fix: it would confirm itself.
  if (fixSourceOf(position.source) === 'query') return;
  into.present = true;
  into.lat = lat;
  into.lon = lon;
  into.accuracyM = isUnknown ? 0 : accuracy;
  into.ageMs = age === ABSENT ? 0 : Math.abs(age);
  into.speedMps = speed >= 0 && speed <= 300 ? speed : -1;
}
