// Station NDJSON, one object a line: everything we believe of a station, to the millisecond. Promises: what `formatStation`
// writes, `readStation` reads back equal; unknown properties are ignored, a wrong one rejects its line by reason.
// Does not stream or store: it turns lines into stations and back.

import { RADIO_NAMES, radioOf } from '../radio/cell.ts';
import { formatMac, parseMac } from '../radio/mac.ts';
import { putStation } from './columns.ts';
import { MAX_LINE_BYTES } from './lines.ts';
import {
  areaProblem,
  cellProblem,
  type Evidence,
  evidenceProblem,
  macProblem,
  pscProblem,
  type RejectReason,
  SOURCE,
  type SourceName,
  type Station,
} from './station.ts';
import { countReject, type RowReader } from './tally.ts';

const LF = 10;
/** An ISO 8601 date, or date and time with its zone. */
const ISO_TIME = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d))?$/;

type ReadStation = { kind: 'station'; station: Station } | { kind: 'reject'; reason: RejectReason };

/** A station from a parsed line. `nowMs` bounds the times that are believed. */
export function readStation(value: unknown, nowMs: number): ReadStation {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return reject('malformedLine');
  const fields = value as Record<string, unknown>;
  const evidence: Evidence = {
    lat: number(fields.lat),
    lon: number(fields.lon),
    radiusM: number(fields.radiusM),
    samples: number(fields.samples),
    weight: number(fields.weight),
    source: (fields.source ?? null) as SourceName | null,
    createdAt: time(fields.createdAt),
    modifiedAt: time(fields.modifiedAt),
    lastSeenAt: time(fields.lastSeenAt),
    blockedAt: time(fields.blockedAt),
    blockCount: number(fields.blockCount) ?? 0,
  };
  const { type } = fields;
  if (type !== 'wifi' && type !== 'bluetooth' && type !== 'cell' && type !== 'area') return reject('badType');
  if (type === 'wifi' || type === 'bluetooth') {
    const mac = parseMac(fields.mac);
    return judge(macProblem(mac), { type, mac, ...evidence }, nowMs);
  }
  const radio = radioOf(fields.radio);
  if (radio === 0) return reject('badRadio');
  const mcc = number(fields.mcc) ?? Number.NaN;
  const mnc = number(fields.mnc) ?? Number.NaN;
  const area = number(fields.area) ?? Number.NaN;
  const problem = areaProblem(radio, mcc, mnc, area);
  if (type === 'area') return judge(problem, { type, radio, mcc, mnc, area, ...evidence }, nowMs);
  const cellId = number(fields.cellId) ?? Number.NaN;
  const psc = number(fields.psc);
  return judge(
    problem ?? cellProblem(radio, cellId) ?? pscProblem(radio, psc),
    { type, radio, mcc, mnc, area, cellId, psc, ...evidence },
    nowMs,
  );
}

function reject(reason: RejectReason): ReadStation {
  return { kind: 'reject', reason };
}

function judge(problem: RejectReason | null, station: Station, nowMs: number): ReadStation {
  if (problem !== null) return reject(problem);
  if (station.source !== null && !Object.hasOwn(SOURCE, station.source)) return reject('badEvidence');
  const wrong = evidenceProblem(station, nowMs);
  return wrong === null ? { kind: 'station', station } : reject(wrong);
}

/** Absent or null = null; a number as it is (-0 as 0); anything else NaN, which every check refuses. */
function number(value: unknown): number | null {
  if (value === undefined || value === null) return null;
  return typeof value === 'number' ? value + 0 : Number.NaN;
}

function time(value: unknown): number | null {
  if (value === undefined || value === null) return null;
  return typeof value === 'string' && ISO_TIME.test(value) ? Date.parse(value) : Number.NaN;
}

/** Reads station NDJSON out of blocks of whole lines; `nowMs` bounds the times that are believed. */
export function createNdjsonReader(nowMs: number): RowReader {
  return {
    begin: () => 0,
    read(bytes, from, into, tally) {
      const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      let at = from;
      while (at < text.length && into.count < into.capacity) {
        const newline = text.indexOf(LF, at);
        const end = newline === -1 ? text.length : newline;
        const line = end - at > MAX_LINE_BYTES ? null : text.toString('utf8', at, end).trim();
        at = end + 1;
        tally.line++;
        if (line === '') continue;
        tally.rows++;
        const read = line === null ? reject('lineTooLong') : readLine(line, nowMs);
        if (read.kind === 'station') putStation(into, read.station);
        else countReject(tally, read.reason);
      }
      return at;
    },
  };
}

function readLine(line: string, nowMs: number): ReadStation {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return reject('malformedLine');
  }
  return readStation(value, nowMs);
}

/** One station as a line, its end included. What is unknown is left out, but for lat and lon. */
export function formatStation(station: Station): string {
  const iso = (timeMs: number | null) => (timeMs === null ? undefined : new Date(timeMs).toISOString());
  const line = {
    type: station.type,
    ...identity(station),
    lat: station.lat,
    lon: station.lon,
    radiusM: station.radiusM ?? undefined,
    samples: station.samples ?? undefined,
    weight: station.weight ?? undefined,
    source: station.source ?? undefined,
    createdAt: iso(station.createdAt),
    modifiedAt: iso(station.modifiedAt),
    lastSeenAt: iso(station.lastSeenAt),
    blockedAt: iso(station.blockedAt),
    blockCount: station.blockCount || undefined,
  };
  return `${JSON.stringify(line)}\n`;
}

function identity(station: Station): Record<string, unknown> {
  if (station.type !== 'cell' && station.type !== 'area') return { mac: formatMac(station.mac) };
  const { mcc, mnc, area } = station;
  const place = { radio: RADIO_NAMES[station.radio], mcc, mnc, area };
  return station.type === 'area' ? place : { ...place, cellId: station.cellId, psc: station.psc ?? undefined };
}
