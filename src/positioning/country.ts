// In which country is this phone? By its radio position, else by the network it hears (the MCC), else by its IP address.
// Promises: an ISO 3166-1 code with a name, or nothing; a code shared by several countries (Guernsey and Britain, the French
// overseas regions) is settled by the other evidence, never by the first in a list. Where the SIM comes from is no evidence.
import mccMncList from 'mcc-mnc-list';
import { M_PER_DEG_LAT, mPerDegLon } from '../geo/distance.ts';
import { type Country, countryAt, countryNamed } from './borders.ts';
import type { IpReader } from './ip.ts';
import type { CountryAnswer, Estimate } from './locator.ts';
import type { Readings } from './readings.ts';

/** Networks are heard, and cells learnt, this far across a border. */
const SPILL_M = 50_000;

/** The question for one thread; `locateByRadio` gives the position without the IP address. */
export function createCountry(
  locateByRadio: (readings: Readings, nowMs: number) => Estimate | null,
  ip: IpReader,
): (readings: Readings, nowMs: number) => CountryAnswer | null {
  return (readings, nowMs) => {
    const networks = countriesHeard(readings);
    const estimate = locateByRadio(readings, nowMs);
    const here = estimate === null ? null : countryAt(estimate.lat, estimate.lon);
    // A cell whose record stands in a far country is a wrong record; a network heard across a border is not.
    if (estimate !== null && here !== null && isPlausible(here, networks, estimate)) return { ...here, fallback: '' };
    if (networks.length === 1) return answer(countryNamed(networks[0]), '');
    const byIp = readings.ip === undefined ? '' : (ip.find(readings.ip)?.countryCode ?? '');
    if (networks.length === 0) return answer(countryNamed(byIp), 'ipf');
    return answer(countryNamed(networks.includes(byIp) ? byIp : networks[0]), '');
  };
}

/** True unless the position comes from cells alone and none of the countries whose networks they name is near. */
function isPlausible(here: Country, networks: readonly string[], estimate: Estimate): boolean {
  const byCells = estimate.source === 'cell' || estimate.source === 'area';
  if (!byCells || networks.length === 0) return true;
  // A wide circle reaches into the next country: then the network's word is better than the middle's.
  return networks.includes(here.code) || (estimate.accuracyM < SPILL_M && isNear(networks, estimate.lat, estimate.lon));
}

/** True if one of the countries lies within SPILL_M to the north, east, south, west or between. */
function isNear(codes: readonly string[], lat: number, lon: number): boolean {
  for (let k = 0; k < 8; k++) {
    const north = (SPILL_M / M_PER_DEG_LAT) * Math.cos((k * Math.PI) / 4);
    const east = (SPILL_M / mPerDegLon(lat)) * Math.sin((k * Math.PI) / 4);
    const there = countryAt(Math.max(-90, Math.min(90, lat + north)), lon + east);
    if (there !== null && codes.includes(there.code)) return true;
  }
  return false;
}

function answer(country: Country | null, fallback: '' | 'ipf'): CountryAnswer | null {
  return country === null ? null : { ...country, fallback };
}

/** Countries of the networks heard, the likeliest first: those the most cells' codes allow; [] if none was heard. */
function countriesHeard(readings: Readings): readonly string[] {
  const votes = new Map<string, number>();
  for (let i = 0; i < readings.cells.count; i++) {
    for (const code of COUNTRIES.get(readings.cells.mcc[i]) ?? []) votes.set(code, (votes.get(code) ?? 0) + 1);
  }
  const most = Math.max(0, ...votes.values());
  return [...votes.keys()].filter((code) => votes.get(code) === most);
}

/**
 * Countries by mobile country code, the one with most networks first. Lists (`BQ/CW/SX`) are taken apart, subdivisions
 * (`GE-AB`) count for their country, test and international codes (001, 901) for none. Monaco's code was Kosovo's too until
 * 2016, and public cell exports still hold it there.
 */
const COUNTRIES: ReadonlyMap<number, readonly string[]> = readMccs();

function readMccs(): ReadonlyMap<number, readonly string[]> {
  const counts = new Map<number, Map<string, number>>([[212, new Map([['XK', 1]])]]);
  for (const record of mccMncList.all()) {
    if (record.countryCode === null || record.type !== 'National') continue;
    const mcc = Number(record.mcc);
    const count = counts.get(mcc) ?? new Map<string, number>();
    counts.set(mcc, count);
    for (const word of record.countryCode.split('/')) {
      const code = word.slice(0, 2);
      count.set(code, (count.get(code) ?? 0) + 1);
    }
  }
  const byMcc = new Map<number, readonly string[]>();
  for (const [mcc, count] of counts) {
    const mostFirst = [...count].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
    byMcc.set(
      mcc,
      mostFirst.map(([code]) => code),
    );
  }
  return byMcc;
}
