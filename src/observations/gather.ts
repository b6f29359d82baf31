// From rows of the inbox to what each transmitter was heard saying. Promises: pure, each observation once; a witness number
// is made of the contributor's tag, the transmitter and the day's key, so that it tells contributors of one transmitter
// apart on one day and links no two transmitters, and nothing at all once the key is gone. Without the key nobody of that
// day vouches for anybody. A payload that can't be read is counted, not guessed at.
import { hash } from 'node:crypto';
import type { Radio } from '../radio/cell.ts';
import { MAX_PARTS, PART_RADIO, partAreas, partCellId } from '../radio/cell-parts.ts';
import { UNKNOWN_DBM } from '../radio/signal.ts';
import type { Sighting } from '../stations/sighting.ts';
import type { CellIdentity } from '../stations/station.ts';
import { dayOf, isIPv6Tag, UNKNOWN_TAG } from './contributor.ts';
import { decodeReport } from './payload.ts';
import type { AdmittedReport, CellSeen } from './report.ts';
import { servingOf, strongestOf } from './serving.ts';

/** A row as claimed. `contributor` null = forgotten. */
export type ClaimedRow = { contributor: number | null; trusted: boolean; receivedAtMs: number; payload: Buffer };

type HeardCell = { key: string; identity: CellIdentity; sightings: Sighting[] };
export type Gathered = {
  wifi: Map<number, Sighting[]>;
  bluetooth: Map<number, Sighting[]>;
  cells: Map<string, HeardCell>;
  observations: number;
  unreadable: number;
};

/** `dayKeyOf` gives the key of a UTC day number, or undefined when it was deleted. */
export function gather(rows: readonly ClaimedRow[], dayKeyOf: (day: number) => Uint8Array | undefined): Gathered {
  const all: Gathered = { wifi: new Map(), bluetooth: new Map(), cells: new Map(), observations: 0, unreadable: 0 };
  for (const row of rows) {
    let report: AdmittedReport;
    try {
      report = decodeReport(row.payload);
    } catch {
      all.unreadable++;
      continue;
    }
    gatherReport(report, row, dayKeyOf(dayOf(row.receivedAtMs)), all);
  }
  return all;
}

function gatherReport(report: AdmittedReport, row: ClaimedRow, dayKey: Uint8Array | undefined, all: Gathered): void {
  const { lat, lon, accuracyM, speedMps, fused, timeMs } = report;
  const sight = (station: string, dbm: number, gapMs: number): Sighting => ({
    lat,
    lon,
    accuracyM,
    speedMps,
    gapMs,
    dbm: dbm === UNKNOWN_DBM ? Number.NaN : dbm,
    timeMs,
    receivedAtMs: row.receivedAtMs,
    fused,
    contributor: row.trusted ? UNKNOWN_WITNESS : witnessOf(dayKey, row.contributor, station),
    trusted: row.trusted,
  });
  for (const { mac, dbm, ageMs } of report.wifi) push(all.wifi, mac, sight(`w${mac}`, dbm, ageMs));
  for (const { mac, dbm, ageMs } of report.bluetooth) push(all.bluetooth, mac, sight(`b${mac}`, dbm, ageMs));
  for (const cell of report.cells) {
    const { radio, mcc, mnc, area, cellId, psc, dbm, ageMs } = cell;
    const heard = heardCell(all, { type: 'cell', radio, mcc, mnc, area, cellId, psc: null });
    if (psc >= 0) heard.identity.psc = psc;
    heard.sightings.push(sight(heard.key, dbm, ageMs));
  }
  const serving = servingOf(report.cells);
  if (serving !== null) {
    for (const identity of partsOf(serving, report)) {
      const heard = heardCell(all, identity);
      heard.sightings.push(sight(heard.key, serving.dbm, serving.ageMs));
    }
  }
  all.observations += report.wifi.length + report.bluetooth.length + report.cells.length;
}

function heardCell(all: Gathered, identity: CellIdentity): HeardCell {
  const { radio, mcc, mnc, area, cellId } = identity;
  const key = `${radio}/${mcc}/${mnc}/${area}/${cellId}`;
  let heard = all.cells.get(key);
  if (heard === undefined) {
    heard = { key, identity, sightings: [] };
    all.cells.set(key, heard);
  }
  return heard;
}

const partAreasOut = new Float64Array(MAX_PARTS);

/** The parts of the serving cell in which the phone was, as cells of their own (radio/cell-parts.ts). */
function partsOf(serving: CellSeen, report: AdmittedReport): CellIdentity[] {
  const { radio, mcc, mnc, area, cellId, timingAdvance, dbm } = serving;
  // Of its network: whoever has two SIM cards hears two.
  const others = [
    ...report.cells.filter((other) => other !== serving && other.mcc === mcc && other.mnc === mnc),
    ...report.neighbours,
  ];
  const count = partAreas(radio, timingAdvance, dbm, strongestOf(others, radio), partAreasOut);
  return Array.from({ length: count }, (_, i) => ({
    type: 'cell',
    radio: PART_RADIO as Radio,
    mcc,
    mnc,
    area: partAreasOut[i],
    cellId: partCellId(radio, area, cellId),
    psc: null,
  }));
}

function push(map: Map<number, Sighting[]>, mac: number, sighting: Sighting): void {
  const before = map.get(mac);
  if (before === undefined) map.set(mac, [sighting]);
  else before.push(sighting);
}

/** Vouches for nobody, and nobody for it (stations/whereabouts.ts). */
const UNKNOWN_WITNESS = 0;
/** Set in the witness number of an IPv6 contributor. */
const IPV6_WITNESS = 2 ** 31;

/** 31 bits of SHA-256(day key, tag, transmitter), the 32nd set for a tag of IPv6; UNKNOWN_WITNESS without a key or a tag. */
export function witnessOf(dayKey: Uint8Array | undefined, tag: number | null, station: string): number {
  if (dayKey === undefined || tag === null || tag === UNKNOWN_TAG) return UNKNOWN_WITNESS;
  const digest = hash('sha256', Buffer.concat([dayKey, Buffer.from(`${tag}/${station}`)]), 'buffer');
  return (digest.readUInt32LE(0) % IPV6_WITNESS || 1) + (isIPv6Tag(tag) ? IPV6_WITNESS : 0);
}
