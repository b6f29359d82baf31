// Countries by position, from country-coder's borders (OpenStreetMap, land and territorial waters, good to some 100 m).
// Promises: ISO 3166-1 codes as phones expect them: territories with a code of their own (Guam, Hong Kong) under it, parts
// that only have a reserved code (Ceuta) under their country, Kosovo as XK, Northern Cyprus, which has no code, as Cyprus.
// The high seas are no country.
import { borders, feature } from '@rapideditor/country-coder';
import { distanceM, lonDeltaDeg, wrapLonDeg } from '../geo/distance.ts';

/** ISO 3166-1 alpha-2 code and English name, or null at sea. */
export type Country = { readonly code: string; readonly name: string };

const TERRITORY = { level: 'territory' };
/** A country to country-coder, without a code of ISO. */
const NORTHERN_CYPRUS = 'Q23681';
/** Half the way around the Earth would be "anywhere"; Ichnaea uses 5,000 km for a country it does not know. */
const UNKNOWN_COUNTRY_RADIUS_M = 5_000_000;

/** The country at a position in degrees, or null. About 20 us. */
export function countryAt(lat: number, lon: number): Country | null {
  const found = feature([wrapLonDeg(lon), lat], TERRITORY);
  if (found === null) return null;
  const { iso1A2, isoStatus, country, id } = found.properties;
  if (id === NORTHERN_CYPRUS) return countryNamed('CY');
  return countryNamed(isoStatus === 'excRes' || iso1A2 === undefined ? country : iso1A2);
}

/** The code of the country that a territory with a code of its own belongs to (Svalbard to NO), or ''. */
export function sovereignOf(code: string): string {
  return feature(code)?.properties.country ?? '';
}

/** The country of an ISO 3166-1 alpha-2 code, or null if there is none. */
export function countryNamed(code: string | undefined): Country | null {
  if (code === undefined || !/^[A-Z]{2}$/.test(code)) return null;
  const named = feature(code);
  return named?.properties.iso1A2 === code ? { code, name: nameOf(code) ?? named.properties.nameEn } : null;
}

/** Short names, as people and Ichnaea call countries (Unicode CLDR): states' own are "Kingdom of the Netherlands" and the like. */
const SHORT_NAMES = new Intl.DisplayNames('en', { type: 'region', fallback: 'none' });
const names = new Map<string, string | undefined>();

function nameOf(code: string): string | undefined {
  if (!names.has(code)) names.set(code, SHORT_NAMES.of(code));
  return names.get(code);
}

const radii = new Map<string, number>();

/**
 * Metres from the middle of a country's largest part to its farthest border point: what "somewhere in this country" means.
 * Computed from the borders on first use; 5,000 km for a code we do not know.
 */
export function countryRadiusM(code: string): number {
  let radius = radii.get(code);
  if (radius === undefined) {
    radius = measureRadius(code);
    radii.set(code, radius);
  }
  return radius;
}

type Ring = readonly (readonly number[])[];

function measureRadius(code: string): number {
  let largest: Ring = [];
  let largestArea = 0;
  for (const part of borders.features) {
    if ((part.properties.iso1A2 ?? part.properties.country) !== code || part.geometry?.type !== 'MultiPolygon')
      continue;
    for (const polygon of part.geometry.coordinates) {
      const area = ringArea(polygon[0]);
      if (area <= largestArea) continue;
      largestArea = area;
      largest = polygon[0];
    }
  }
  if (largest.length === 0) return UNKNOWN_COUNTRY_RADIUS_M;
  let south = 90;
  let north = -90;
  let west = 0;
  let east = 0;
  for (const [lon, lat] of largest) {
    south = Math.min(south, lat);
    north = Math.max(north, lat);
    const d = lonDeltaDeg(largest[0][0], lon);
    west = Math.min(west, d);
    east = Math.max(east, d);
  }
  const lat = (south + north) / 2;
  const lon = largest[0][0] + (west + east) / 2;
  let radius = 0;
  for (const [x, y] of largest) radius = Math.max(radius, distanceM(lat, lon, y, x));
  return radius;
}

/** Area of a ring in square degrees at the equator's scale: only compared, never shown. */
function ringArea(ring: Ring): number {
  let twice = 0;
  for (let i = 1; i < ring.length; i++) {
    const scale = Math.cos((((ring[i][1] + ring[i - 1][1]) / 2) * Math.PI) / 180);
    twice += (ring[i - 1][0] * ring[i][1] - ring[i][0] * ring[i - 1][1]) * scale;
  }
  return Math.abs(twice) / 2;
}
