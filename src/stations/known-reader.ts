// A StationReader over stations as the fold has just read them: what answers would be made of before it changes them.
// Promises: the same stations answer as in the resident index (blocked ones and access points that moved lately don't), without
// its rounding. Only what was added is found; areas never are.
import { DAY_MS } from '../time/spans.ts';
import { MOVED_MS } from './feed-rows.ts';
import { isBlocked } from './fold.ts';
import type { KnownStation } from './fold-store.ts';
import { type FoundStations, MAC_KIND, STATION_FLAG, type StationReader } from './index-contract.ts';
import { findEach } from './look-up-contract.ts';

/** Name of a station among those of all kinds, also for witness numbers (observations/gather.ts). */
export const macName = (kind: number, mac: number) => `${kind === MAC_KIND.wifi ? 'w' : 'b'}${mac}`;
export const cellName = (radio: number, mcc: number, mnc: number, area: number, cellId: number) =>
  `${radio}/${mcc}/${mnc}/${area}/${cellId}`;

export function nameOf({ identity }: KnownStation): string {
  if (identity.type !== 'cell') return macName(MAC_KIND[identity.type], identity.mac);
  const { radio, mcc, mnc, area, cellId } = identity;
  return cellName(radio, mcc, mnc, area, cellId);
}

/** Reads the stations of `known`, by name, as they answer at `nowMs`. */
export function openKnownReader(known: ReadonlyMap<string, KnownStation>, nowMs: number): StationReader {
  function find(name: string, out: FoundStations, i: number): boolean {
    const one = known.get(name);
    if (one === undefined) return false;
    const { lat, lon, radiusM, samples, lastSeenAt, source, blockedAt } = one.station.believed;
    if (lat === null || lon === null || isBlocked(one.station.believed, nowMs)) return false;
    const { loudestDbm } = one.station.whereabouts;
    const isMac = one.identity.type !== 'cell';
    out.lat[i] = lat;
    out.lon[i] = lon;
    out.radiusM[i] = radiusM ?? 0;
    out.samples[i] = samples ?? 0;
    out.lastSeenDay[i] = Math.floor((lastSeenAt ?? 0) / DAY_MS);
    out.flags[i] =
      (source === 'gnss' ? STATION_FLAG.gnss : 0) |
      (isMac && blockedAt !== null && nowMs - blockedAt < MOVED_MS ? STATION_FLAG.moved : 0);
    out.detail[i] = one.identity.type === 'cell' ? (one.identity.psc ?? -1) : -(loudestDbm || 1);
    return true;
  }

  const reader: Omit<StationReader, 'findAll'> = {
    findMacs(kind, macs, count, out, found) {
      let hits = 0;
      for (let i = 0; i < count; i++) {
        found[i] = find(macName(kind, macs[i]), out, i) ? 1 : 0;
        hits += found[i];
      }
      return hits;
    },
    findCell: (radio, mcc, mnc, area, cellId, out, i) => find(cellName(radio, mcc, mnc, area, cellId), out, i),
    findArea: () => false,
    size: () => known.size,
  };
  return { ...reader, findAll: (keys, out, found) => findEach(reader, keys, out, found) };
}
