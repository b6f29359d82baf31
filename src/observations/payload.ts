// An admitted report as bytes: what one row of the inbox holds. Little-endian, versioned by its first byte, about 10 bytes
// an access point. Promises: decode(encode(x)) is x, to 1e-7 degrees, 0.1 m, 0.01 m/s, 1 dB and 1 ms; a payload of another
// version or a cut one is a RangeError, not a wrong report. Holds no contributor, no time finer than the hour, no name.
import type { Radio } from '../radio/cell.ts';
import { UNKNOWN_DBM } from '../radio/signal.ts';
import { HOUR_MS } from '../time/spans.ts';
import type { AdmittedReport, CellSeen, MacSeen, NeighbourSeen } from './report.ts';

const VERSION = 1;
const HEADER_BYTES = 26;
const MAC_BYTES = 9;
const CELL_BYTES = 23;
const NEIGHBOUR_BYTES = 5;
const DEGREES = 1e7;
const UNKNOWN_U16 = 0xffff;
const UNKNOWN_I16 = -0x8000;
const FUSED = 1;

/** Bytes of one report. Numbers beyond what admission lets through are clamped, not wrapped. */
export function encodeReport(report: AdmittedReport): Buffer {
  const { wifi, bluetooth, cells, neighbours } = report;
  const macBytes = (wifi.length + bluetooth.length) * MAC_BYTES;
  const cellBytes = cells.length * CELL_BYTES + neighbours.length * NEIGHBOUR_BYTES;
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + macBytes + cellBytes);
  bytes[0] = VERSION;
  bytes[1] = report.fused ? FUSED : 0;
  bytes.writeInt32LE(Math.round(report.lat * DEGREES), 2);
  bytes.writeInt32LE(Math.round(report.lon * DEGREES), 6);
  bytes.writeUInt16LE(toU16(report.accuracyM * 10), 10);
  bytes.writeUInt16LE(toU16(report.speedMps * 100), 12);
  bytes.writeUInt32LE(Math.floor(report.timeMs / HOUR_MS), 14);
  bytes.writeUInt16LE(wifi.length, 18);
  bytes.writeUInt16LE(bluetooth.length, 20);
  bytes.writeUInt16LE(cells.length, 22);
  bytes.writeUInt16LE(neighbours.length, 24);
  let at = HEADER_BYTES;
  for (const seen of wifi) at = writeMac(bytes, at, seen);
  for (const seen of bluetooth) at = writeMac(bytes, at, seen);
  for (const seen of cells) at = writeCell(bytes, at, seen);
  for (const seen of neighbours) at = writeNeighbour(bytes, at, seen);
  return bytes;
}

/** The report in a payload. Throws a RangeError if the bytes are none. */
export function decodeReport(bytes: Buffer): AdmittedReport {
  if (bytes[0] !== VERSION) throw new RangeError('payload of another version');
  const wifiEnd = HEADER_BYTES + bytes.readUInt16LE(18) * MAC_BYTES;
  const bluetoothEnd = wifiEnd + bytes.readUInt16LE(20) * MAC_BYTES;
  const cellsEnd = bluetoothEnd + bytes.readUInt16LE(22) * CELL_BYTES;
  const end = cellsEnd + bytes.readUInt16LE(24) * NEIGHBOUR_BYTES;
  if (bytes.length !== end) throw new RangeError('payload cut short');
  return {
    lat: bytes.readInt32LE(2) / DEGREES,
    lon: bytes.readInt32LE(6) / DEGREES,
    accuracyM: fromU16(bytes.readUInt16LE(10)) / 10,
    speedMps: fromU16(bytes.readUInt16LE(12)) / 100,
    fused: (bytes[1] & FUSED) !== 0,
    timeMs: bytes.readUInt32LE(14) * HOUR_MS,
    wifi: readAll(bytes, HEADER_BYTES, wifiEnd, MAC_BYTES, readMac),
    bluetooth: readAll(bytes, wifiEnd, bluetoothEnd, MAC_BYTES, readMac),
    cells: readAll(bytes, bluetoothEnd, cellsEnd, CELL_BYTES, readCell),
    neighbours: readAll(bytes, cellsEnd, end, NEIGHBOUR_BYTES, readNeighbour),
  };
}

function readAll<T>(
  bytes: Buffer,
  from: number,
  to: number,
  step: number,
  read: (bytes: Buffer, at: number) => T,
): T[] {
  const all: T[] = [];
  for (let at = from; at < to; at += step) all.push(read(bytes, at));
  return all;
}

function writeMac(bytes: Buffer, at: number, { mac, dbm, ageMs }: MacSeen): number {
  bytes.writeUIntLE(mac, at, 6);
  bytes.writeInt8(dbm === UNKNOWN_DBM ? 0 : dbm, at + 6);
  bytes.writeInt16LE(toI16(ageMs), at + 7);
  return at + MAC_BYTES;
}

function readMac(bytes: Buffer, at: number): MacSeen {
  return {
    mac: bytes.readUIntLE(at, 6),
    dbm: bytes.readInt8(at + 6) || UNKNOWN_DBM,
    ageMs: fromI16(bytes.readInt16LE(at + 7)),
  };
}

function writeCell(bytes: Buffer, at: number, cell: CellSeen): number {
  bytes[at] = cell.radio | (cell.serving ? 0x80 : 0);
  bytes.writeUInt16LE(cell.mcc, at + 1);
  bytes.writeUInt16LE(cell.mnc, at + 3);
  bytes.writeUIntLE(cell.area, at + 5, 4);
  bytes.writeUIntLE(cell.cellId, at + 9, 6);
  bytes.writeInt16LE(cell.psc, at + 15);
  bytes.writeInt16LE(cell.timingAdvance, at + 17);
  bytes.writeInt16LE(cell.dbm, at + 19);
  bytes.writeInt16LE(toI16(cell.ageMs), at + 21);
  return at + CELL_BYTES;
}

function readCell(bytes: Buffer, at: number): CellSeen {
  return {
    radio: (bytes[at] & 0x7f) as Radio,
    mcc: bytes.readUInt16LE(at + 1),
    mnc: bytes.readUInt16LE(at + 3),
    area: bytes.readUIntLE(at + 5, 4),
    cellId: bytes.readUIntLE(at + 9, 6),
    psc: bytes.readInt16LE(at + 15),
    timingAdvance: bytes.readInt16LE(at + 17),
    dbm: bytes.readInt16LE(at + 19),
    ageMs: fromI16(bytes.readInt16LE(at + 21)),
    serving: (bytes[at] & 0x80) !== 0,
  };
}

function writeNeighbour(bytes: Buffer, at: number, { radio, psc, dbm }: NeighbourSeen): number {
  bytes[at] = radio;
  bytes.writeInt16LE(psc, at + 1);
  bytes.writeInt16LE(dbm, at + 3);
  return at + NEIGHBOUR_BYTES;
}

function readNeighbour(bytes: Buffer, at: number): NeighbourSeen {
  return { radio: bytes[at] as Radio, psc: bytes.readInt16LE(at + 1), dbm: bytes.readInt16LE(at + 3) };
}

const toU16 = (n: number) => (Number.isNaN(n) ? UNKNOWN_U16 : Math.min(Math.max(Math.round(n), 0), UNKNOWN_U16 - 1));
const fromU16 = (n: number) => (n === UNKNOWN_U16 ? Number.NaN : n);
const toI16 = (n: number) => (Number.isNaN(n) ? UNKNOWN_I16 : Math.min(Math.max(Math.round(n), -0x7fff), 0x7fff));
const fromI16 = (n: number) => (n === UNKNOWN_I16 ? Number.NaN : n);
