// The cell CSV of OpenCelliD and Mozilla: read from bytes into columns, written from cells. Promises: about 0.5 us a row, no
// object a row; with or without a header (which may reorder columns), LF or CRLF, empty columns, quotes, any case, `umts`.
// Numbers are exactly what Number() makes of the text. Does not keep `changeable` nor `averageSignal` (always 0 in the wild),
// nor what the format has no column for: weight, source, blocks, milliseconds.

import { MAX_PSC, RADIO_NAMES, type Radio } from '../radio/cell.ts';
import type { StationColumns } from './columns.ts';
import { MAX_LINE_BYTES } from './lines.ts';
import {
  areaProblem,
  type CellIdentity,
  cellProblem,
  type Evidence,
  isEvidenceTime,
  isPosition,
  MAX_RADIUS_M,
  type RejectReason,
} from './station.ts';
import { countReject, type RowReader } from './tally.ts';

/** The header line, as OpenCelliD and Mozilla publish it. */
export const CSV_HEADER = 'radio,mcc,net,area,cell,unit,lon,lat,range,samples,changeable,created,updated,averageSignal';
const NAMES = CSV_HEADER.toLowerCase().split(',');
const ALIASES: Readonly<Record<string, string>> = { mnc: 'net', lac: 'area', tac: 'area', cid: 'cell', psc: 'unit' };
const [RADIO, MCC, NET, AREA, CELL, UNIT, LON, LAT, RANGE, SAMPLES, , CREATED, UPDATED] = NAMES.map((_, i) => i);
const MAX_COLUMNS = 64;
const LF = 10;
const CR = 13;
const COMMA = 44;
const QUOTE = 34;
const SPACE = 32;

/** `nowMs` bounds the times that are believed. A header decides which column is what; without one they are CSV_HEADER's. */
export function createCsvReader(nowMs: number): RowReader {
  const starts = new Int32Array(MAX_COLUMNS);
  const ends = new Int32Array(MAX_COLUMNS);
  /** columnOf[field] = position of the field in a line, or -1. */
  let columnOf = NAMES.map((_, i) => i);
  let columnsNeeded = LAT + 1;
  let columns = 0;
  let next = 0;

  /** Cuts the line at `at`: sets starts, ends, columns (0 = blank line) and next. */
  function cut(bytes: Uint8Array, at: number): void {
    let i = at;
    const end = bytes.length;
    columns = 0;
    starts[0] = at;
    for (; i < end; i++) {
      const byte = bytes[i];
      if (byte > COMMA) continue;
      if (byte === COMMA) {
        ends[columns] = i;
        if (columns < MAX_COLUMNS - 1) columns++;
        starts[columns] = i + 1;
      } else if (byte === LF) {
        break;
      } else if (byte === QUOTE && i === starts[columns]) {
        // A quoted field: to its closing quote, commas and all, but not past the line.
        for (i++; i < end && bytes[i] !== QUOTE && bytes[i] !== LF; i++);
        if (bytes[i] === LF) i--;
      }
    }
    ends[columns] = i > at && bytes[i - 1] === CR ? i - 1 : i;
    if (columns > 0 || ends[0] > starts[0]) columns++;
    next = i + 1;
  }

  function number(bytes: Uint8Array, field: number): number {
    const column = columnOf[field];
    return column < 0 || column >= columns ? Number.NaN : readNumber(bytes, starts[column], ends[column]);
  }

  function time(bytes: Uint8Array, field: number): number {
    const seconds = number(bytes, field);
    if (seconds > 0) return seconds * 1000;
    const column = columnOf[field];
    const blank = column < 0 || column >= columns || isBlank(bytes, starts[column], ends[column]);
    return blank || seconds <= 0 ? Number.NaN : Number.POSITIVE_INFINITY;
  }

  /** The line that was cut, into slot `i`; null = taken. */
  function take(bytes: Uint8Array, into: StationColumns, i: number): RejectReason | null {
    if (columns < columnsNeeded) return 'tooFewColumns';
    const radio = readRadio(bytes, starts[columnOf[RADIO]], ends[columnOf[RADIO]]);
    if (radio === 0) return 'badRadio';
    const mcc = number(bytes, MCC);
    const mnc = number(bytes, NET);
    const area = number(bytes, AREA);
    const cellId = number(bytes, CELL);
    const problem = areaProblem(radio, mcc, mnc, area) ?? cellProblem(radio, cellId);
    if (problem !== null) return problem;
    const lat = number(bytes, LAT);
    const lon = number(bytes, LON);
    if (!isPosition(lat, lon)) return 'badPosition';
    const createdAt = time(bytes, CREATED);
    const modifiedAt = time(bytes, UPDATED);
    if (!Number.isNaN(createdAt) && !isEvidenceTime(createdAt, nowMs)) return 'badTime';
    if (!Number.isNaN(modifiedAt) && !isEvidenceTime(modifiedAt, nowMs)) return 'badTime';
    const radiusM = number(bytes, RANGE);
    const samples = number(bytes, SAMPLES);
    const psc = number(bytes, UNIT);
    into.radio[i] = radio;
    into.mcc[i] = mcc;
    into.mnc[i] = mnc;
    into.area[i] = area;
    into.cellId[i] = cellId;
    // OpenCelliD writes -1 and, for a quarter of its rows, 0 where the identity was not read.
    into.psc[i] = psc > 0 && psc <= MAX_PSC[radio] && Number.isInteger(psc) ? psc : Number.NaN;
    into.lat[i] = lat;
    into.lon[i] = lon;
    into.radiusM[i] = radiusM > 0 && radiusM <= MAX_RADIUS_M ? radiusM : Number.NaN;
    into.samples[i] = samples > 0 && samples <= 0x7fff_ffff && Number.isInteger(samples) ? samples : Number.NaN;
    into.weight[i] = Number.NaN;
    into.source[i] = Number.NaN;
    into.createdAt[i] = createdAt;
    into.modifiedAt[i] = modifiedAt;
    into.lastSeenAt[i] = modifiedAt;
    into.blockedAt[i] = Number.NaN;
    into.blockCount[i] = 0;
    return null;
  }

  /** Learns the columns from the cut line if it is a header. */
  function readHeader(bytes: Uint8Array): boolean {
    const words: string[] = [];
    for (let i = 0; i < columns; i++) {
      const word = Buffer.from(bytes.subarray(starts[i], ends[i])).toString('latin1');
      const name = word.replaceAll('"', '').trim().toLowerCase();
      words.push(ALIASES[name] ?? name);
    }
    if (!words.includes('lat') || !words.includes('mcc')) return false;
    columnOf = NAMES.map((name) => words.indexOf(name));
    const required = [RADIO, MCC, NET, AREA, CELL, LON, LAT].map((field) => columnOf[field]);
    columnsNeeded = required.includes(-1) ? MAX_COLUMNS + 1 : Math.max(...required) + 1;
    return true;
  }

  return {
    begin(bytes, tally) {
      cut(bytes, 0);
      if (!readHeader(bytes)) return 0;
      tally.line++;
      return next;
    },
    read(bytes, from, into, tally) {
      const cells = into.cell;
      let at = from;
      while (at < bytes.length && into.count < into.capacity) {
        cut(bytes, at);
        tally.line++;
        const tooLong = next - at > MAX_LINE_BYTES;
        at = next;
        if (columns === 0) continue;
        tally.rows++;
        const problem = tooLong ? 'lineTooLong' : take(bytes, cells, cells.count);
        if (problem !== null) {
          countReject(tally, problem);
          continue;
        }
        cells.count++;
        into.count++;
      }
      return at;
    },
  };
}

/** The radio named by a field, or 0: gsm, umts, wcdma, lte, nr in any case, with or without quotes. */
function readRadio(bytes: Uint8Array, start: number, end: number): Radio | 0 {
  let packed = 0;
  let length = 0;
  for (let i = start; i < end; i++) {
    const byte = bytes[i];
    if (byte === QUOTE || byte === SPACE) continue;
    packed = packed * 256 + (byte | 32);
    length++;
    if (length > 5) return 0;
  }
  switch (packed) {
    case 0x67_73_6d:
      return 1;
    case 0x75_6d_74_73:
    case 0x77_63_64_6d_61:
      return 2;
    case 0x6c_74_65:
      return 3;
    case 0x6e_72:
      return 4;
    default:
      return 0;
  }
}

/** Powers of ten that a double holds exactly. */
const TENS = Float64Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));

/**
 * The decimal number in bytes [start, end), NaN if there is none. Digits up to 2^53 over an exact power of ten divide with
 * one correct rounding (Clinger 1990), so the result is Number()'s; anything longer or with an exponent goes to Number().
 */
export function readNumber(bytes: Uint8Array, start: number, end: number): number {
  let i = start;
  let last = end;
  while (i < last && (bytes[i] === QUOTE || bytes[i] === SPACE)) i++;
  while (last > i && (bytes[last - 1] === QUOTE || bytes[last - 1] === SPACE)) last--;
  const first = i;
  const negative = bytes[i] === 45;
  if (negative) i++;
  let digits = 0;
  let value = 0;
  let decimals = -1;
  for (; i < last; i++) {
    const byte = bytes[i];
    if (byte >= 48 && byte <= 57) {
      value = value * 10 + (byte - 48);
      digits++;
      if (decimals >= 0) decimals++;
    } else if (byte === 46 && decimals < 0) {
      decimals = 0;
    } else {
      return readUncommonNumber(bytes, first, last);
    }
  }
  if (digits === 0) return Number.NaN;
  if (digits > 15) return readUncommonNumber(bytes, first, last);
  if (decimals > 0) value /= TENS[decimals];
  return negative && value !== 0 ? -value : value;
}

function readUncommonNumber(bytes: Uint8Array, start: number, end: number): number {
  if (end - start > 64) return Number.NaN;
  const text = Buffer.from(bytes.subarray(start, end)).toString('latin1');
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?$/i.test(text) ? Number(text) + 0 : Number.NaN;
}

/** One cell as a line of the CSV, its end included; null if the CSV cannot say it: no position, or none since it was blocked. */
export function formatCsvLine(cell: CellIdentity & Evidence): string | null {
  if (cell.lat === null || cell.lon === null) return null;
  if (cell.blockedAt !== null && (cell.modifiedAt ?? 0) <= cell.blockedAt) return null;
  const radio = cell.radio === 2 ? 'UMTS' : RADIO_NAMES[cell.radio]!.toUpperCase();
  const identity = `${radio},${cell.mcc},${cell.mnc},${cell.area},${cell.cellId},${known(cell.psc)}`;
  const evidence = `${known(Math.ceil(cell.radiusM ?? 0))},${known(cell.samples)},1`;
  const times = `${known(seconds(cell.createdAt))},${known(seconds(cell.modifiedAt))}`;
  return `${identity},${cell.lon},${cell.lat},${evidence},${times},\n`;
}

/** True for a field without anything but quotes and spaces. */
function isBlank(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i] !== QUOTE && bytes[i] !== SPACE) return false;
  return true;
}

/** In this format 0 means unknown, as an empty column does. */
function known(value: number | null): string {
  return value ? String(value) : '';
}

function seconds(timeMs: number | null): number {
  return Math.floor((timeMs ?? 0) / 1000);
}
