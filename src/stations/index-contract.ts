// What the hot path knows of the resident index: a look-up by identity that writes what is believed of a station into
// slot `i` of columns the caller owns. No allocation, no promise, no error: a miss is an answer.
import type { StationKeys } from './look-up-contract.ts';

/** Kinds of short-range transmitter that share the MAC space but not the map. */
export const MAC_KIND = { wifi: 1, bluetooth: 2 } as const;
export type MacKind = (typeof MAC_KIND)[keyof typeof MAC_KIND];

/** Bits of `flags`. */
export const STATION_FLAG = {
  /** Evidence is satellite fixes; without it, positions from elsewhere (look-ups, operators' lists). */
  gnss: 1,
  /** Seen at more than one place within the last 30 days: answers nothing (DESIGN 6, attack A10 d). */
  moved: 2,
} as const;

/**
 * Columns of found stations. Days count from 1970-01-01; 0 = unknown. radiusM 0 = unknown. `detail` -1 = unknown; of a cell its physical
 * identity (PSC, PCI), of an access point the strongest it was ever reported with, without the sign of its dBm.
 */
export type FoundStations = {
  readonly lat: Float64Array;
  readonly lon: Float64Array;
  readonly radiusM: Float64Array;
  /** Number of reports behind the position, log-coded in the index, so within 5 %; 0 = unknown. */
  readonly samples: Float64Array;
  readonly lastSeenDay: Int32Array;
  readonly flags: Uint8Array;
  readonly detail: Int16Array;
};

export function createFoundStations(slots: number): FoundStations {
  return {
    lat: new Float64Array(slots),
    lon: new Float64Array(slots),
    radiusM: new Float64Array(slots),
    samples: new Float64Array(slots),
    lastSeenDay: new Int32Array(slots),
    flags: new Uint8Array(slots),
    detail: new Int16Array(slots),
  };
}

/** A lock-free reader of the one shared index; every call may run in any thread while the writer writes. */
export type StationReader = {
  /** Looks up all rows, memory fetched ahead: found[i] = 1 and slot i of `out` filled, or found[i] = 0. */
  findAll(keys: StationKeys, out: FoundStations, found: Uint8Array): void;
  /** Looks up `count` MACs of one kind; found[i] = 1 and slot i of `out` filled, or found[i] = 0. Returns how many were found. */
  findMacs(kind: MacKind, macs: Float64Array, count: number, out: FoundStations, found: Uint8Array): number;
  /** One cell by its full identity (radio code, MCC, MNC, LAC/TAC, cell id). */
  findCell(
    radio: number,
    mcc: number,
    mnc: number,
    area: number,
    cellId: number,
    out: FoundStations,
    i: number,
  ): boolean;
  /** One location/tracking area; `radiusM` covers 95 % of its cells' ranges, `samples` is its number of cells. */
  findArea(radio: number, mcc: number, mnc: number, area: number, out: FoundStations, i: number): boolean;
  /** Stations in the index. */
  size(): number;
};
