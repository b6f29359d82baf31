// A made-up country for the privacy bench: towns with Zipf's sizes, people's homes by a public raster of residents, a place
// of work, errands. Promises: the same seed gives the same country and people for ever; homes follow the raster exactly, so
// that an attacker who holds it knows as much as anybody could. Dense is a country of villages, sparse one of empty cells.
import { cellToLatLng, latLngToCell } from 'h3-js';
import { offset, stepM } from '../../fixtures/offset.ts';
import { createRandom, type Random } from '../../fixtures/random.ts';
import { DAY_MS, HOUR_MS } from '../../src/time/spans.ts';
import type { Residents } from './mechanism.ts';

export type Place = { readonly lat: number; readonly lon: number };
type Town = Place & { readonly population: number; readonly radiusM: number };
export type Country = {
  readonly kind: CountryKind;
  readonly towns: readonly Town[];
  readonly residents: Residents;
};
type CountryKind = 'dense' | 'sparse';
export type Person = {
  readonly home: Place;
  readonly work: Place;
  readonly errands: readonly Place[];
  readonly leaves: number;
};

/** Grid of the public raster: 0.74 km2 a cell, as Kontur's. */
const RASTER_RES = 8;

type Shape = { lat: number; lon: number; sideM: number; towns: number; biggest: number; perKm2: number; farms: number };
/** People a square kilometre of a town, and the share of towns to land, between those of the Netherlands and of Lapland. */
const SHAPES: Record<CountryKind, Shape> = {
  dense: { lat: 50.6, lon: 9.7, sideM: 100_000, towns: 260, biggest: 600_000, perKm2: 2_500, farms: 6_000 },
  sparse: { lat: 64.6, lon: 27.2, sideM: 280_000, towns: 90, biggest: 60_000, perKm2: 1_200, farms: 3_000 },
};
const PEOPLE_A_FARM = 4;
const FEWEST_IN_TOWN = 150;

export function createCountry(kind: CountryKind, seed: number): Country {
  const shape = SHAPES[kind];
  const random = createRandom(seed).fork(kind);
  const anywhere = () =>
    offset(shape.lat, shape.lon, random.between(-0.5, 0.5) * shape.sideM, random.between(-0.5, 0.5) * shape.sideM);
  const towns: Town[] = [];
  for (let rank = 1; rank <= shape.towns; rank++) {
    const population = Math.max(FEWEST_IN_TOWN, Math.round(shape.biggest / rank ** 1.1));
    towns.push({ ...anywhere(), population, radiusM: 1_000 * Math.sqrt(population / shape.perKm2 / Math.PI) });
  }
  const residents = new Map<string, number>();
  const add = (at: Place, people: number) => {
    const cell = latLngToCell(at.lat, at.lon, RASTER_RES);
    residents.set(cell, (residents.get(cell) ?? 0) + people);
  };
  for (const town of towns) {
    // Twenty people a house group: fine enough for cells of 0.74 km2.
    for (let left = town.population; left > 0; left -= 20) add(inTown(town, random), Math.min(20, left));
  }
  for (let farm = 0; farm < shape.farms; farm++) add(anywhere(), PEOPLE_A_FARM);
  return { kind, towns, residents };
}

/** Denser towards the middle: the distance is uniform, not its square. */
function inTown(town: Town, random: Random): Place {
  const r = 1.5 * town.radiusM * random.next();
  const angle = random.between(0, 2 * Math.PI);
  return offset(town.lat, town.lon, r * Math.cos(angle), r * Math.sin(angle));
}

/** People drawn from the raster: homes by its residents, work mostly in near and big towns, three errands round home. */
export function drawPeople(country: Country, count: number, random: Random): Person[] {
  const cells = [...country.residents];
  const sums = new Float64Array(cells.length);
  let total = 0;
  cells.forEach(([, people], i) => {
    total += people;
    sums[i] = total;
  });
  return Array.from({ length: count }, () => {
    const home = inCell(cells[lowerBound(sums, random.next() * total)][0], random);
    const errands = [0, 1, 2].map(() => offset(home.lat, home.lon, random.normal(0, 2_000), random.normal(0, 2_000)));
    return { home, work: inTown(workTown(country, home, random), random), errands, leaves: random.normal(8, 1) };
  });
}

/** A uniform point of an H3 cell. */
function inCell(cell: string, random: Random): Place {
  const [lat, lon] = cellToLatLng(cell);
  for (;;) {
    const place = offset(lat, lon, random.between(-620, 620), random.between(-620, 620));
    if (latLngToCell(place.lat, place.lon, RASTER_RES) === cell) return place;
  }
}

/** Gravity: population over distance in tens of kilometres, squared. */
function workTown({ towns }: Country, home: Place, random: Random): Town {
  const pulls = towns.map((town) => {
    const { eastM, northM } = stepM(home.lat, home.lon, town.lat, town.lon);
    return town.population / (1 + (Math.hypot(eastM, northM) / 10_000) ** 2);
  });
  let left = random.next() * pulls.reduce((sum, pull) => sum + pull, 0);
  for (let i = 0; i < towns.length; i++) {
    left -= pulls[i];
    if (left <= 0) return towns[i];
  }
  return towns[0];
}

function lowerBound(sums: Float64Array, value: number): number {
  let low = 0;
  let high = sums.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sums[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Where a person is, epoch ms: half an hour's way to work and back on weekdays, errands in the afternoon at weekends. */
export function whereIs({ home, work, errands, leaves }: Person, nowMs: number): Place {
  const day = Math.floor(nowMs / DAY_MS);
  const hour = (nowMs % DAY_MS) / HOUR_MS;
  const isWeekend = (day + 4) % 7 === 0 || (day + 4) % 7 === 6;
  if (isWeekend) return hour >= 14 && hour < 17 ? errands[day % errands.length] : home;
  if (hour < leaves || hour >= leaves + 9.5) return home;
  if (hour < leaves + 0.5) return between(home, work, (hour - leaves) * 2);
  if (hour < leaves + 9) return work;
  return between(work, home, (hour - leaves - 9) * 2);
}

function between(from: Place, to: Place, share: number): Place {
  return { lat: from.lat + share * (to.lat - from.lat), lon: from.lon + share * (to.lon - from.lon) };
}
