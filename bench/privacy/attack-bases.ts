// A14, the heat map that showed bases: groups of phones far from where anybody lives, and nobody else's phone near them. Does
// a published count ever name the region that a base is told to be in? Every phone has its own band and shift, as on the gateway.
import { createSecretKey } from 'node:crypto';
import { cellToLatLng } from 'h3-js';
import type { Random } from '../../fixtures/random.ts';
import { distanceM } from '../../src/geo/distance.ts';
import type { AnonymityMap } from '../../src/privacy/anonymity-map.ts';
import { FEWEST_DEVICES, noisyCounts } from '../../src/privacy/count-rule.ts';
import { keyOfCell, type RegionKey } from '../../src/privacy/region-key.ts';
import { oursKnowing } from './ours.ts';
import type { Country, Place } from './world.ts';

/** Regions that are named of true counts. */
export type PublishAll = (devices: ReadonlyMap<RegionKey, number>, random: Random) => { readonly region: RegionKey }[];

export const allOurCounts: PublishAll = (devices, random) => noisyCounts(devices, (n) => random.int(0, n - 1));

export const allSuppressedCounts: PublishAll = (devices) =>
  [...devices].filter(([, count]) => count >= FEWEST_DEVICES).map(([region]) => ({ region }));

/** As far as a base is from the nearest resident at least, metres. */
const EMPTY_M = 5_000;
/** The bench's own; phones are told apart by their ids. */
const COARSE_KEY = createSecretKey(new Uint8Array(32).fill(14));

/** Places of the country with nobody near. */
export function emptyPlaces({ residents }: Country, count: number, random: Random): Place[] {
  const homes = [...residents.keys()].map((cell) => cellToLatLng(cell));
  const [lats, lons] = [homes.map(([lat]) => lat), homes.map(([, lon]) => lon)];
  const places: Place[] = [];
  while (places.length < count) {
    const lat = random.between(Math.min(...lats), Math.max(...lats));
    const lon = random.between(Math.min(...lons), Math.max(...lons));
    if (homes.every(([homeLat, homeLon]) => distanceM(lat, lon, homeLat, homeLon) > EMPTY_M)) places.push({ lat, lon });
  }
  return places;
}

/** Of bases of `devices` phones each at `places`, one at a time, how many are ever named within `windows` windows. */
export function basesNamed(
  publish: PublishAll,
  map: AnonymityMap,
  places: readonly Place[],
  devices: number,
  windows: number,
  random: Random,
): number {
  return places.filter((place, base) => {
    const counts = countsAt(map, place, devices, base);
    for (let window = 0; window < windows; window++) if (publish(counts, random).length > 0) return true;
    return false;
  }).length;
}

function countsAt(map: AnonymityMap, { lat, lon }: Place, devices: number, base: number): Map<RegionKey, number> {
  const counts = new Map<RegionKey, number>();
  for (let i = 0; i < devices; i++) {
    const told = oursKnowing(map, COARSE_KEY, `${base} ${i}`)(lat, lon, 0);
    if (told === null) continue;
    const region = keyOfCell(told.name);
    counts.set(region, (counts.get(region) ?? 0) + 1);
  }
  return counts;
}
