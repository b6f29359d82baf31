// Honeyguide itself in the bench: the pure fold learns, the pure locator answers, a Map stands between them. Admission is
// the one of the observations room. Data sets of one contributor count as a trusted fleet; else each `_device` is one.

import { createRandom } from '../../fixtures/random.ts';
import { strongestOf } from '../../src/observations/serving.ts';
import { beginDay, countError, createErrorRecord, FLEET } from '../../src/positioning/error-record.ts';
import { createExaminer } from '../../src/positioning/examine.ts';
import { createLocator } from '../../src/positioning/locate.ts';
import { addCell, addMac, clearReadings, createReadings, type Readings } from '../../src/positioning/readings.ts';
import { MAX_PARTS, PART_RADIO, partAreas, partCellId } from '../../src/radio/cell-parts.ts';
import { isUsableMac } from '../../src/radio/mac.ts';
import { UNKNOWN_DBM } from '../../src/radio/signal.ts';
import { foldStation, type LearntStation, unknownStation } from '../../src/stations/fold.ts';
import { MAC_KIND } from '../../src/stations/index-contract.ts';
import type { HeardKind, Sighting } from '../../src/stations/sighting.ts';
import { hasArrival } from '../../src/stations/whereabouts.ts';
import { DAY_MS, HOUR_MS } from '../../src/time/spans.ts';
import { cellKey, macKey, openMapReader, type StationMap } from './map-reader.ts';
import type { Answer, Method } from './method.ts';
import { isTruth, type Scan } from './traces.ts';

/** Reports folded at once. */
const BATCH_REPORTS = 1_000;
/** As admission does: fixes that say nothing, and fixes that are not of the moment of hearing. */
const MAX_GAP_MS = 30_000;
const MAX_FIX_M = { wifi: 200, cell: 1_000 };

/** `corrected` false leaves circles as the bench's own factors make them, whatever this map's answers say. */
export function createHoneyguide(corrected = true): Method & { stations: Map<string, LearntStation> } {
  const stations = new Map<string, LearntStation>();
  const pscs = new Map<string, number>();
  const map: StationMap = new Map();
  const reader = openMapReader(map);
  const errors = createErrorRecord();
  const examine = createExaminer(reader);
  const random = createRandom(11).next;
  const locator = createLocator({
    stations: reader,
    ip: { find: () => null },
    corrections: corrected ? errors.corrections : undefined,
  });

  /** Asks the map for a scan that it will learn next, as jobs/held-back.ts does. */
  function examineScan(scan: Scan, tags: ReadonlyMap<string, number>): void {
    const day = Math.floor(scan.timeMs / DAY_MS);
    beginDay(errors, day);
    const tag = scan.device === '' ? FLEET : (tags.get(scan.device) ?? 0);
    if (!isTruth(scan) || hasTaught(scan, day, tag)) return;
    examine(readScan(scan), scan.lat, scan.lon, scan.timeMs, (errorClass, ratio) =>
      countError(errors, tag, errorClass, ratio, random() * 2 ** 32),
    );
  }

  /**
   * True if a station of the scan was taught by its contributor on that day: it would be asked what it just learnt. A fleet has
   * one name for all its phones: there, by anybody.
   */
  function hasTaught(scan: Scan, day: number, tag: number): boolean {
    const keys = [
      ...scan.wifi.map(({ mac }) => macKey(MAC_KIND.wifi, mac)),
      ...scan.cells.map((c) => cellKey(c.radio, c.mcc, c.mnc, c.area, c.cellId)),
    ];
    return keys.some((key) => {
      const known = stations.get(key)?.whereabouts;
      return known !== undefined && hasArrival(known, day, scan.device === '' ? null : tag);
    });
  }

  return {
    name: corrected ? 'honeyguide' : 'honeyguide uncorrected',
    stations,
    learn(scans) {
      const tags = new Map<string, number>();
      for (const scan of scans) if (!tags.has(scan.device)) tags.set(scan.device, tags.size + 1);
      const inOrder = [...scans].sort((a, b) => a.timeMs - b.timeMs);
      for (let i = 0; i < inOrder.length; i += BATCH_REPORTS) {
        const batch = inOrder.slice(i, i + BATCH_REPORTS);
        for (const scan of batch) examineScan(scan, tags);
        for (const key of foldBatch(stations, pscs, batch, tags)) {
          const { believed, whereabouts } = stations.get(key)!;
          const detail = whereabouts.loudestDbm < 0 ? -whereabouts.loudestDbm : (pscs.get(key) ?? -1);
          map.set(key, { believed, detail });
        }
      }
      beginDay(errors, Number.POSITIVE_INFINITY);
    },
    locate(scan): Answer | null {
      const estimate = locator.locate(readScan(scan), scan.timeMs);
      return estimate === null ? null : { lat: estimate.lat, lon: estimate.lon, accuracyM: estimate.accuracyM };
    },
  };
}

const readings = createReadings();

function readScan(scan: Scan): Readings {
  clearReadings(readings);
  for (const { mac, dbm } of scan.wifi) {
    if (isUsableMac(mac)) addMac(readings.wifi, mac, toDbm(dbm), 0);
  }
  for (const c of scan.cells) {
    addCell(readings.cells, {
      radio: c.radio,
      mcc: c.mcc,
      mnc: c.mnc,
      area: c.area,
      id: c.cellId,
      psc: c.psc,
      ta: c.timingAdvance,
      dbm: toDbm(c.dbm),
      ageMs: 0,
      serving: c.serving ? 1 : 0,
    });
  }
  return readings;
}

const parts = new Float64Array(MAX_PARTS);
const toDbm = (dbm: number) => (Number.isNaN(dbm) ? UNKNOWN_DBM : dbm);

function foldBatch(
  stations: Map<string, LearntStation>,
  pscs: Map<string, number>,
  batch: readonly Scan[],
  tags: ReadonlyMap<string, number>,
): Iterable<string> {
  const sightings = new Map<string, { kind: HeardKind; list: Sighting[] }>();
  let nowMs = 0;
  for (const scan of batch) {
    if (Math.abs(scan.ageMs) > MAX_GAP_MS) continue;
    nowMs = Math.max(nowMs, scan.timeMs);
    const add = (key: string, kind: HeardKind, dbm: number) => {
      const entry = sightings.get(key) ?? { kind, list: [] };
      sightings.set(key, entry);
      entry.list.push({
        lat: scan.lat,
        lon: scan.lon,
        accuracyM: scan.accuracyM > 0 ? scan.accuracyM : Number.NaN,
        speedMps: scan.speedMps,
        gapMs: scan.ageMs,
        dbm,
        timeMs: Math.floor(scan.timeMs / HOUR_MS) * HOUR_MS,
        receivedAtMs: Math.floor(scan.timeMs / HOUR_MS) * HOUR_MS,
        fused: false,
        contributor: tags.get(scan.device) ?? 0,
        trusted: scan.device === '',
      });
    };
    if (!(scan.accuracyM > MAX_FIX_M.wifi)) {
      for (const { mac, dbm } of scan.wifi) if (isUsableMac(mac)) add(macKey(MAC_KIND.wifi, mac), 'wifi', dbm);
    }
    if (scan.accuracyM > MAX_FIX_M.cell) continue;
    for (const c of scan.cells) {
      if (c.cellId === 0) continue;
      const key = cellKey(c.radio, c.mcc, c.mnc, c.area, c.cellId);
      if (c.psc >= 0) pscs.set(key, c.psc);
      add(key, 'cell', c.dbm);
    }
    const serving = scan.cells.find((c) => c.cellId > 0 && c.serving) ?? scan.cells.find((c) => c.cellId > 0);
    if (serving === undefined) continue;
    const { radio, mcc, mnc, area, cellId, timingAdvance, dbm } = serving;
    const neighbours = scan.cells
      .filter((c) => c !== serving && (c.mcc === 0 || (c.mcc === mcc && c.mnc === mnc)))
      .map((c) => ({ ...c, dbm: toDbm(c.dbm) }));
    const count = partAreas(radio, timingAdvance, toDbm(dbm), strongestOf(neighbours, radio), parts);
    for (let i = 0; i < count; i++) {
      add(cellKey(PART_RADIO, mcc, mnc, parts[i], partCellId(radio, area, cellId)), 'part', dbm);
    }
  }
  for (const [key, { kind, list }] of sightings) {
    stations.set(key, foldStation(kind, stations.get(key) ?? unknownStation(), list, nowMs));
  }
  return sightings.keys();
}
