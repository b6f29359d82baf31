// What partners of different sizes see of the published counts: of so many phones in a country, how many are in a region that
// is named, what the smallest group is that one names, and what the counts tell who knows everybody's whereabouts but one
// phone's. Answers about a phone do not depend on how many others there are: the map is public and the state is the phone's own.
import type { Random } from '../../fixtures/random.ts';
import { type AnonymityMap, SUPPRESSED } from '../../src/privacy/anonymity-map.ts';
import type { RegionKey } from '../../src/privacy/region-key.ts';
import { HOUR_MS } from '../../src/time/spans.ts';
import type { PublishAll } from './attack-bases.ts';
import { membershipAdvantage, type Publish } from './attack-counts.ts';
import { type Person, whereIs } from './world.ts';

type SizeResult = {
  /** Share of phones, over the four windows of a day, whose region is named. */
  readonly counted: number;
  /** The fewest phones in a region that was named; NaN if none was. */
  readonly fewest: number;
  /** The most that any of the regions tells of one phone more or less (A9). */
  readonly advantage: number;
};

/** One moment in each window. */
const HOURS = [3, 9, 15, 21];

export function partnerOf(
  people: readonly Person[],
  map: AnonymityMap,
  publishAll: PublishAll,
  publish: Publish,
  startMs: number,
  draws: number,
  random: Random,
): SizeResult {
  let named = 0;
  let fewest = Number.NaN;
  const seen = new Set<number>();
  for (const hour of HOURS) {
    const counts = countsOf(people, map, startMs + hour * HOUR_MS);
    for (const { region } of publishAll(counts, random)) {
      const devices = counts.get(region)!;
      named += devices;
      fewest = Number.isNaN(fewest) ? devices : Math.min(fewest, devices);
    }
    for (const devices of counts.values()) seen.add(devices);
  }
  const sizes = [...seen].sort((a, b) => a - b);
  const tried = [0, 0.5, 0.9, 1].map((share) => sizes[Math.floor(share * (sizes.length - 1))]);
  const advantages = tried.map((size) => membershipAdvantage(publish, size - 1, draws, random));
  return { counted: named / people.length / HOURS.length, fewest, advantage: Math.max(...advantages) };
}

function countsOf(people: readonly Person[], map: AnonymityMap, nowMs: number): Map<RegionKey, number> {
  const counts = new Map<RegionKey, number>();
  for (const person of people) {
    const { lat, lon } = whereIs(person, nowMs);
    const region = map.regionAt(lat, lon);
    if (region !== SUPPRESSED) counts.set(region, (counts.get(region) ?? 0) + 1);
  }
  return counts;
}
