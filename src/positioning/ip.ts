// Where an internet address is, from a MaxMind-format database: MaxMind's nested City records and the flat ones of
// ip-location-db alike. Promises: an accuracy made of what the record really knows (a city, a region, a country), nothing
// for private and reserved addresses, no throw on a strange address or record. The address is looked up and forgotten.
import { BlockList, isIP } from 'node:net';
import { Reader, type Response } from 'maxmind';
import { addressInside } from '../privacy/ip-address.ts';
import { asObject, readNumber } from '../radio/fields.ts';
import { countryNamed, countryRadiusM } from './borders.ts';

/** Bytes of one or more databases in memory that threads share: load once, post, open in each. */
export type IpDatabaseHandle = { readonly files: readonly SharedArrayBuffer[] };

/** What an address tells: a point, the radius of its 95 % circle in metres, a country code or ''. */
export type IpPlace = {
  readonly lat: number;
  readonly lon: number;
  readonly accuracyM: number;
  readonly countryCode: string;
};

export type IpReader = {
  /** The place of an IPv4 or IPv6 address (one that wraps an IPv4 one as that), or null if nothing is known or it is not a public address. */
  find(ip: string): IpPlace | null;
};

/** A city known by address is right within 50 km for some 80 % of fixed lines (MaxMind's own published comparison). */
const CITY_RADIUS_M = 50_000;
/** Mobile carriers announce few gateways for a country: a named city is trusted to a quarter of the country's radius only. */
const CITY_SHARE_OF_COUNTRY = 0.25;
const REGION_SHARE_OF_COUNTRY = 0.5;
const REGION_RADIUS_M = 200_000;
/** MaxMind's accuracy_radius holds the truth in about 67 % of cases; 2.45/1.49 turns a normal spread's 67 % into 95 %. */
const RADIUS_67_TO_95 = 1.65;
/** Never claimed to be better than a town. */
const MIN_RADIUS_M = 25_000;
/** Decoded records kept per thread. */
const CACHE_RECORDS = 4096;

/** Opens the databases of a handle. An empty handle gives a reader that knows nothing. Throws on bytes that are no database. */
export function openIpReader(shared: IpDatabaseHandle): IpReader {
  let v4: Reader<Response> | null = null;
  let v6: Reader<Response> | null = null;
  for (const file of shared.files) {
    const reader = new Reader<Response>(Buffer.from(file) as unknown as Buffer, { cache: createCache() });
    if (reader.metadata.ipVersion === 6) v6 = reader;
    else v4 = reader;
  }
  return {
    find(ip) {
      const address = addressInside(bare(ip));
      const version = isIP(address);
      const reader = version === 4 ? (v4 ?? v6) : version === 6 ? v6 : null;
      if (reader === null || !isPublic(address, version)) return null;
      return readPlace(reader.get(address));
    },
  };
}

/** Decoded records by their offset; forgotten all at once when full, so that the memory stays bounded. */
function createCache() {
  const kept = new Map<number | string, unknown>();
  return {
    get: (key: number | string) => kept.get(key) as never,
    set: (key: number | string, value: unknown) => {
      if (kept.size >= CACHE_RECORDS) kept.clear();
      kept.set(key, value);
    },
  };
}

/** Without a zone (`%eth0`) and the port that some proxies write into X-Forwarded-For: `1.2.3.4:567`, `[2001:db8::1]:567`. */
function bare(ip: string): string {
  const end = ip.startsWith('[') ? ip.indexOf(']') : ip.indexOf(':', ip.indexOf('.') + 1 || ip.length);
  const portless = end < 0 ? ip : ip.slice(ip.startsWith('[') ? 1 : 0, end);
  const zone = portless.indexOf('%');
  return zone < 0 ? portless : portless.slice(0, zone);
}

/** IANA special-purpose registries: this net, private, carrier NAT, a network's own NAT64, loopback, link-local, documentation, benchmarks, multicast. */
const RESERVED: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
  ['::', 127],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001:db8::', 32],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
];
const reserved = new BlockList();
for (const [net, prefix] of RESERVED) reserved.addSubnet(net, prefix, net.includes(':') ? 'ipv6' : 'ipv4');

function isPublic(address: string, version: number): boolean {
  return !reserved.check(address, version === 6 ? 'ipv6' : 'ipv4');
}

/** Either record shape as a place; null if it names no point. */
function readPlace(record: unknown): IpPlace | null {
  const fields = asObject(record);
  if (fields === null) return null;
  const location = asObject(fields.location);
  const lat = readNumber((location ?? fields).latitude);
  const lon = readNumber((location ?? fields).longitude);
  if (!(lat >= -90 && lat <= 90 && lon >= -180 && lon <= 180)) return null;
  const country = asObject(fields.country) ?? asObject(fields.registered_country);
  const countryCode = textOf(country?.iso_code) || textOf(fields.country_code);
  const countryRadius = countryRadiusM(countryCode);
  const knowsCity = asObject(fields.city) !== null || textOf(fields.city) !== '';
  const knowsRegion = Array.isArray(fields.subdivisions) || textOf(fields.state1) !== '';
  const stated = readNumber(location?.accuracy_radius);
  let radius = countryRadius;
  if (isCellular(asObject(fields.traits))) radius = countryRadius;
  else if (stated > 0) radius = stated * 1000 * RADIUS_67_TO_95;
  else if (knowsCity) radius = Math.max(CITY_RADIUS_M, CITY_SHARE_OF_COUNTRY * countryRadius);
  else if (knowsRegion) radius = Math.max(REGION_RADIUS_M, REGION_SHARE_OF_COUNTRY * countryRadius);
  if (!knowsCity && !knowsRegion) radius = Math.max(radius, countryRadius);
  const accuracyM = Math.max(MIN_RADIUS_M, Math.min(radius, countryRadius));
  return { lat, lon, accuracyM, countryCode: countryNamed(countryCode)?.code ?? '' };
}

function isCellular(traits: { readonly [field: string]: unknown } | null): boolean {
  return traits !== null && (traits.user_type === 'cellular' || traits.connection_type === 'Cellular');
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
