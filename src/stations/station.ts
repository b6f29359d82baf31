// A station: what is believed of one transmitter (or of one area of cells), and what makes a claim about one believable
// enough to be stored. Promises: pure; a value is either a station or a reason from a closed list, never an exception.
// Does not judge whether a position is *right*: a cell outside its country stays (some are), the locator weighs that.

import { isValidArea, isValidCellId, MAX_PSC, type Radio } from '../radio/cell.ts';
import { isLocallyAdministered, isUsableMac } from '../radio/mac.ts';
import { DAY_MS } from '../time/spans.ts';

/** Why a line was not taken. Closed: counted and shown under these names. */
const REJECT_REASONS = [
  'malformedLine',
  'lineTooLong',
  'tooFewColumns',
  'badType',
  'badRadio',
  'badMcc',
  'badMnc',
  'badArea',
  'badCell',
  'badMac',
  'locallyAdministered',
  'badPosition',
  'badEvidence',
  'badTime',
] as const;
export type RejectReason = (typeof REJECT_REASONS)[number];

/** Where positions behind the evidence came from, as numbered in the store. */
export const SOURCE = { gnss: 1, query: 2 } as const;
export type SourceName = keyof typeof SOURCE;

/** What is believed and why. Null = unknown; lat and lon both null = the station is known, where it stands is not. */
export type Evidence = {
  lat: number | null;
  lon: number | null;
  radiusM: number | null;
  samples: number | null;
  weight: number | null;
  source: SourceName | null;
  /** Epoch milliseconds, as the other times. */
  createdAt: number | null;
  modifiedAt: number | null;
  lastSeenAt: number | null;
  blockedAt: number | null;
  blockCount: number;
};

export type MacIdentity = { type: 'wifi' | 'bluetooth'; mac: number };
type AreaIdentity = { type: 'area'; radio: Radio; mcc: number; mnc: number; area: number };
export type CellIdentity = Omit<AreaIdentity, 'type'> & { type: 'cell'; cellId: number; psc: number | null };
export type Station = Evidence & (MacIdentity | CellIdentity | AreaIdentity);
export type StationType = Station['type'];
export const STATION_TYPES: readonly StationType[] = ['cell', 'area', 'wifi', 'bluetooth'];

/** Half the equator, metres: no radius is wider. */
export const MAX_RADIUS_M = 20_037_508;
/** A station dated later than this after `now` would win over all true news: clocks may be a day off, no more. */
const CLOCK_SLACK_MS = DAY_MS;

/** What is wrong with the numbers that name an area, or null. */
export function areaProblem(radio: Radio, mcc: number, mnc: number, area: number): RejectReason | null {
  if (!(Number.isInteger(mcc) && mcc >= 1 && mcc <= 999)) return 'badMcc';
  if (!(Number.isInteger(mnc) && mnc >= 0 && mnc <= 999)) return 'badMnc';
  return Number.isInteger(area) && isValidArea(radio, mcc, mnc, area) ? null : 'badArea';
}

/** What is wrong with a cell identity within its area, or null. */
export function cellProblem(radio: Radio, cellId: number): RejectReason | null {
  return Number.isInteger(cellId) && isValidCellId(radio, cellId) ? null : 'badCell';
}

/** What is wrong with a MAC as a number (-1 = unreadable), or null. */
export function macProblem(mac: number): RejectReason | null {
  if (isUsableMac(mac)) return null;
  return mac > 0 && isLocallyAdministered(mac) ? 'locallyAdministered' : 'badMac';
}

/** True for a position that a transmitter may have; 0,0 is what broken software sends, not a place with a mast. */
export function isPosition(lat: number, lon: number): boolean {
  return lat >= -90 && lat <= 90 && lon >= -180 && lon <= 180 && !(lat === 0 && lon === 0);
}

/** True for an epoch time in ms that evidence may carry. */
export function isEvidenceTime(timeMs: number, nowMs: number): boolean {
  return Number.isInteger(timeMs) && timeMs >= 0 && timeMs <= nowMs + CLOCK_SLACK_MS;
}

/** What is wrong with evidence, or null. */
export function evidenceProblem(evidence: Evidence, nowMs: number): RejectReason | null {
  const { lat, lon, radiusM, samples, weight, blockCount } = evidence;
  if (lat === null ? lon !== null : lon === null || !isPosition(lat, lon)) return 'badPosition';
  if (radiusM !== null && !(radiusM >= 0 && radiusM <= MAX_RADIUS_M)) return 'badEvidence';
  if (samples !== null && !isCount(samples, 0x7fff_ffff)) return 'badEvidence';
  if (weight !== null && !(weight >= 0 && weight < Number.POSITIVE_INFINITY)) return 'badEvidence';
  if (!isCount(blockCount, 0x7fff)) return 'badEvidence';
  for (const time of [evidence.createdAt, evidence.modifiedAt, evidence.lastSeenAt, evidence.blockedAt]) {
    if (time !== null && !isEvidenceTime(time, nowMs)) return 'badTime';
  }
  return null;
}

/** What is wrong with a physical identity of a cell, or null. */
export function pscProblem(radio: Radio, psc: number | null): RejectReason | null {
  return psc === null || isCount(psc, MAX_PSC[radio]) ? null : 'badCell';
}

function isCount(value: number, max: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= max;
}
