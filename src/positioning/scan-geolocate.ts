// The short way from the bytes of a geolocate body to readings, without a tree of objects in between, for about half of what
// JSON.parse and readGeolocate cost together. Promises: either exactly the readings that those two would give, or false: then
// nothing is known, and the long way decides. It gives up at whatever is not plain: escapes, bytes beyond ASCII, numbers that
// are no short integers, strings for numbers, null, an old name of a field, fields that hold a tree, a list named twice, a fix, broken JSON.
import { RADIO } from '../radio/cell.ts';
import { ABSENT } from '../radio/fields.ts';
import { isUsableMac } from '../radio/mac.ts';
import { bluetoothDbm, wifiDbm } from '../radio/signal.ts';
import {
  afterName,
  begin,
  colon,
  isSpace,
  isWord,
  type Next,
  open,
  scanInteger,
  scanSwitch,
  skipPlain,
  skipSpace,
  skipString,
  valueOfLast,
  type Word,
  word,
} from './json-bytes.ts';
import { addRawCell, ageOf, createRawCell, RAW } from './raw-cell.ts';
import { MAX_ENTRIES } from './read-geolocate.ts';
import { addMac, clearReadings, type MacReadings, type Readings } from './readings.ts';

const GIVEN_UP: Next = -1;
const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const UNDERSCORE = 0x5f;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN = 0x7b;
const CLOSE = 0x7d;
/** What the last part was, in column 0: an integer, a MAC (-1 = not one), a code. */
const value = valueOfLast();

/** What a byte is in a MAC: a digit's value, or one of these, which share no bits with each other. */
const SEPARATOR = 0x100;
const NO_DIGIT = 0x200;
const HEX = Int32Array.from({ length: 256 }, (_, c) => {
  const text = String.fromCharCode(c);
  if (/[0-9a-f]/i.test(text)) return Number.parseInt(text, 16);
  return ':-.'.includes(text) ? SEPARATOR : NO_DIGIT;
});

const MAC_ADDRESS = word('macAddress');
const STRENGTH = word('signalStrength');
const AGE = word('age');
const SSID = word('ssid');
const NAME = word('name');
/** Of Firefox OS, for `radioType`: which of two counts is for the long way to say. */
const OLD_RADIO = word('radio');

/** Bits, so that a field named twice shows. */
const FIELD = { wifi: 1, cells: 2, bluetooth: 4, considerIp: 8, radio: 16, longWay: 32 } as const;
const TOP_FIELDS: readonly (readonly [Word, number])[] = [
  [word('wifiAccessPoints'), FIELD.wifi],
  [word('cellTowers'), FIELD.cells],
  [word('bluetoothBeacons'), FIELD.bluetooth],
  [word('considerIp'), FIELD.considerIp],
  [word('radioType'), FIELD.radio],
  [word('fallbacks'), FIELD.longWay],
  [word('position'), FIELD.longWay],
  [word('considerIP'), FIELD.considerIp],
];
/** Radios by their first letter. */
const RADIO_WORDS: ({ readonly name: Word; readonly code: number } | undefined)[] = Array.from({ length: 128 });
for (const [name, code] of [
  ['gsm', RADIO.gsm],
  ['wcdma', RADIO.wcdma],
  ['umts', RADIO.wcdma],
  ['lte', RADIO.lte],
  ['nr', RADIO.nr],
] as const)
  RADIO_WORDS[name.charCodeAt(0)] = { name: word(name), code };

/** A field's name and its column in RAW. */
type CellField = { readonly name: Word; readonly column: number };

/** Fields of a cell by their first letter. */
const CELL_FIELDS: readonly CellField[][] = Array.from({ length: 128 }, () => []);
for (const [name, column] of [
  ['radioType', RAW.radio],
  ['mobileCountryCode', RAW.mcc],
  ['mobileNetworkCode', RAW.mnc],
  ['mobileNetworkCodeStr', RAW.mncText],
  ['locationAreaCode', RAW.lac],
  ['trackingAreaCode', RAW.tac],
  ['cellId', RAW.cellId],
  ['newRadioCellId', RAW.nrCellId],
  ['psc', RAW.psc],
  ['primaryScramblingCode', RAW.scramblingCode],
  ['signalStrength', RAW.strength],
  ['asu', RAW.asu],
  ['timingAdvance', RAW.timingAdvance],
  ['age', RAW.age],
  ['serving', RAW.serving],
] as const)
  CELL_FIELDS[name.charCodeAt(0)].push({ name: word(name), column });

const raw = createRawCell();

/** As `readGeolocate` of the parsed bytes, and true; or false, and `into` holds nothing of use. */
export function scanGeolocate(bytes: Uint8Array, clientIp: string | undefined, into: Readings): boolean {
  begin(bytes);
  clearReadings(into);
  into.ip = clientIp;
  // A body that ends with its brace stops every loop below before its end, but those over strings.
  let last = bytes.length - 1;
  while (last > 0 && isSpace(bytes[last])) last--;
  if (last < 1 || bytes[last] !== CLOSE) return false;
  let radio = 0;
  let seen = 0;
  let at = open(bytes, skipSpace(bytes, 0), OPEN);
  if (at !== GIVEN_UP && bytes[at] !== CLOSE)
    for (;;) {
      const field = fieldAt(at);
      if (field === FIELD.longWay || (seen & field) !== 0 || (field === FIELD.radio && (seen & FIELD.cells) !== 0))
        return false;
      seen |= field;
      at = afterName(bytes, at);
      if (field === FIELD.wifi) at = scanMacs(bytes, at, into.wifi, true);
      else if (field === FIELD.cells) at = scanCells(bytes, at, radio, into);
      else if (field === FIELD.bluetooth) at = scanMacs(bytes, at, into.bluetooth, false);
      else if (field === FIELD.considerIp) {
        at = scanSwitch(bytes, at);
        if (value[0] === 0) into.ip = undefined;
      } else if (field === FIELD.radio) {
        at = scanRadio(bytes, at);
        radio = value[0];
      } else at = skipPlain(bytes, at);
      if (at === GIVEN_UP) return false;
      if (bytes[at] !== COMMA) break;
      at = skipSpace(bytes, at + 1);
    }
  return at === last;
}

/** Which field a name is, `at` its opening quote; 0 = one that says nothing. */
function fieldAt(at: number): number {
  for (let i = 0; i < TOP_FIELDS.length; i++) if (isWord(at, TOP_FIELDS[i][0])) return TOP_FIELDS[i][1];
  return 0;
}

/** A list of access points or beacons. */
function scanMacs(bytes: Uint8Array, start: number, into: MacReadings, isWifi: boolean): Next {
  let at = open(bytes, start, OPEN_LIST);
  if (at === GIVEN_UP) return GIVEN_UP;
  if (bytes[at] === CLOSE_LIST) return skipSpace(bytes, at + 1);
  for (let n = 0; n < MAX_ENTRIES; n++) {
    at = open(bytes, at, OPEN);
    if (at === GIVEN_UP) return GIVEN_UP;
    let mac = -1;
    let strength = ABSENT;
    let age = ABSENT;
    if (bytes[at] !== CLOSE)
      for (;;) {
        if (isWord(at, MAC_ADDRESS)) {
          at = scanMac(bytes, colon(bytes, at + MAC_ADDRESS.length));
          mac = value[0];
        } else if (isWord(at, STRENGTH)) {
          at = scanInteger(bytes, colon(bytes, at + STRENGTH.length));
          strength = value[0];
        } else if (isWord(at, AGE)) {
          at = scanInteger(bytes, colon(bytes, at + AGE.length));
          age = value[0];
        } else if (isWifi && isWord(at, SSID)) at = skipName(bytes, colon(bytes, at + SSID.length));
        else if (!isWifi && isWord(at, NAME)) at = skipName(bytes, colon(bytes, at + NAME.length));
        else at = skipPlain(bytes, afterName(bytes, at));
        if (at === GIVEN_UP) return GIVEN_UP;
        if (bytes[at] !== COMMA) break;
        at = skipSpace(bytes, at + 1);
      }
    if (bytes[at] !== CLOSE) return GIVEN_UP;
    if (isUsableMac(mac)) addMac(into, mac, isWifi ? wifiDbm(strength) : bluetoothDbm(strength), ageOf(age));
    at = skipSpace(bytes, at + 1);
    if (bytes[at] === CLOSE_LIST) return skipSpace(bytes, at + 1);
    if (bytes[at] !== COMMA) return GIVEN_UP;
    at = skipSpace(bytes, at + 1);
  }
  return GIVEN_UP;
}

function scanCells(bytes: Uint8Array, start: number, defaultRadio: number, into: Readings): Next {
  let at = open(bytes, start, OPEN_LIST);
  if (at === GIVEN_UP) return GIVEN_UP;
  if (bytes[at] === CLOSE_LIST) return skipSpace(bytes, at + 1);
  for (let n = 0; n < MAX_ENTRIES; n++) {
    at = scanCell(bytes, at, defaultRadio);
    // Of a radio that nobody says the long way knows what to make.
    if (at === GIVEN_UP || raw[RAW.radio] === 0) return GIVEN_UP;
    addRawCell(raw, into.cells);
    if (bytes[at] === CLOSE_LIST) return skipSpace(bytes, at + 1);
    if (bytes[at] !== COMMA) return GIVEN_UP;
    at = skipSpace(bytes, at + 1);
  }
  return GIVEN_UP;
}

/** One cell, into `raw`. */
function scanCell(bytes: Uint8Array, start: number, defaultRadio: number): Next {
  // `fill` is a call into the runtime: ten times dearer for so few.
  for (let i = 0; i < raw.length; i++) raw[i] = ABSENT;
  raw[RAW.radio] = defaultRadio;
  raw[RAW.serving] = 0;
  let at = open(bytes, start, OPEN);
  if (at === GIVEN_UP) return GIVEN_UP;
  if (bytes[at] !== CLOSE)
    for (;;) {
      const field = cellFieldAt(bytes, at);
      if (field === null) at = isWord(at, OLD_RADIO) ? GIVEN_UP : skipPlain(bytes, afterName(bytes, at));
      else {
        at = scanCellField(bytes, colon(bytes, at + field.name.length), field.column);
        raw[field.column] = value[0];
      }
      if (at === GIVEN_UP) return GIVEN_UP;
      if (bytes[at] !== COMMA) break;
      at = skipSpace(bytes, at + 1);
    }
  return bytes[at] === CLOSE ? skipSpace(bytes, at + 1) : GIVEN_UP;
}

function scanCellField(bytes: Uint8Array, at: number, column: number): Next {
  if (column === RAW.radio) return scanRadio(bytes, at);
  return column === RAW.serving ? scanSwitch(bytes, at) : scanInteger(bytes, at);
}

/** A cell's field, null = one that says nothing. */
function cellFieldAt(bytes: Uint8Array, at: number): CellField | null {
  const candidates = CELL_FIELDS[bytes[at + 1] & 127];
  for (let i = 0; i < candidates.length; i++) if (isWord(at, candidates[i].name)) return candidates[i];
  return null;
}

/** The name of a network or beacon, if it can be no refusal: those end or hold a word that begins with an underscore, or are empty or blank. */
function skipName(bytes: Uint8Array, at: number): Next {
  const end = skipString(bytes, at);
  if (end === GIVEN_UP || bytes[at + 1] === QUOTE || bytes[at + 1] === SPACE) return GIVEN_UP;
  for (let i = at + 1; i < end; i++) if (bytes[i] === UNDERSCORE) return GIVEN_UP;
  return end;
}

/** The word of a radio as its code, into `value`. */
function scanRadio(bytes: Uint8Array, at: number): Next {
  const radio = at < 0 ? undefined : RADIO_WORDS[bytes[at + 1] & 127];
  if (radio === undefined || !isWord(at, radio.name)) return GIVEN_UP;
  value[0] = radio.code;
  return skipSpace(bytes, at + radio.name.length);
}

/** A MAC as parseMac reads it, into `value`. */
function scanMac(bytes: Uint8Array, start: number): Next {
  if (start < 0 || bytes[start] !== QUOTE) return GIVEN_UP;
  if (start + 18 >= bytes.length || bytes[start + 18] !== QUOTE) return scanOddMac(bytes, start);
  const high = threeOctets(bytes, start + 1);
  const low = threeOctets(bytes, start + 10);
  if (high < 0 || low < 0 || HEX[bytes[start + 9]] !== SEPARATOR) return scanOddMac(bytes, start);
  value[0] = high * 0x100_0000 + low;
  return skipSpace(bytes, start + 19);
}

/** Six digits in pairs with separators between them, or -1. */
function threeOctets(bytes: Uint8Array, at: number): number {
  const a = HEX[bytes[at]];
  const b = HEX[bytes[at + 1]];
  const c = HEX[bytes[at + 3]];
  const d = HEX[bytes[at + 4]];
  const e = HEX[bytes[at + 6]];
  const f = HEX[bytes[at + 7]];
  if ((a | b | c | d | e | f) > 15 || (HEX[bytes[at + 2]] & HEX[bytes[at + 5]]) !== SEPARATOR) return -1;
  return (a << 20) | (b << 16) | (c << 12) | (d << 8) | (e << 4) | f;
}

/** A MAC in another notation, or no MAC. */
function scanOddMac(bytes: Uint8Array, start: number): Next {
  const end = skipString(bytes, start);
  if (end === GIVEN_UP) return GIVEN_UP;
  let mac = 0;
  let digits = 0;
  let at = start + 1;
  for (; bytes[at] !== QUOTE; at++) {
    const kind = HEX[bytes[at]];
    if (kind === SEPARATOR) continue;
    digits = kind === NO_DIGIT ? Number.NaN : digits + 1;
    mac = mac * 16 + kind;
  }
  value[0] = digits === 12 && at - start - 1 <= 17 ? mac : -1;
  return end;
}
