// In which country is this phone? By its radio position, else by the network it hears (MCC and MNC), else by its IP address.
// Promises: an ISO 3166-1 code with a name, or nothing; a network of several countries (Guernsey and Britain, the French overseas
// regions) is settled by the other evidence, else it stands for the country whose code it mostly is (Britain), else for none (the
// French regions): never for the first in a list. A territory goes by its own code. Where the SIM comes from is no evidence.
import { M_PER_DEG_LAT, mPerDegLon } from '../geo/distance.ts';
import { CELLS_MOMENT_MS, momentUntilMs, OLD_MS } from './age.ts';
import { type Country, countryAt, countryNamed, sovereignOf } from './borders.ts';
import type { IpReader } from './ip.ts';
import type { AgedEstimate, CountryAnswer } from './locator.ts';
import { countriesOf, mainCountryOf } from './network-country.ts';
import type { CellReadings, Readings } from './readings.ts';

/** A fix as wide as a large cell is no satellite's but a guess by the network that some phones send, and worth no more than one of ours. */
const WIDE_FIX_M = 10_000;
/** Networks are heard, and cells learnt, this far across a border. */
const SPILL_M = 50_000;

/** The question for one thread; `locateByRadio` gives the position without the IP address. */
export function createCountry(
  locateByRadio: (readings: Readings, nowMs: number) => AgedEstimate | null,
  ip: IpReader,
): (readings: Readings, nowMs: number) => CountryAnswer | null {
  return (readings, nowMs) => {
    const { cells } = readings;
    // First, for it also finds out by which radio cells were heard that don't say it.
    const estimate = locateByRadio(readings, nowMs);
    const untilMs = momentUntilMs(cells.ageMs, cells.count, CELLS_MOMENT_MS);
    const networks = countriesHeard(cells, untilMs);
    const here = estimate === null ? null : countryAt(estimate.lat, estimate.lon);
    // A cell whose record stands in a far country is a wrong record, an old fix there one from before the journey; a network
    // heard across a border is neither.
    if (estimate !== null && here !== null && isPlausible(here, networks, estimate, cells))
      return { ...here, fallback: '' };
    if (networks.length === 1) return answer(countryNamed(networks[0]), '');
    const byIp = readings.ip === undefined ? '' : (ip.find(readings.ip)?.countryCode ?? '');
    if (networks.length === 0) return answer(countryNamed(byIp), 'ipf');
    return answer(networks.includes(byIp) ? countryNamed(byIp) : mainHeard(readings, networks), '');
  };
}

/** True unless the position is a doubtful one and none of the countries whose networks are heard is near. */
function isPlausible(here: Country, networks: readonly string[], estimate: AgedEstimate, cells: CellReadings): boolean {
  if (networks.length === 0 || !isDoubtful(estimate, cells)) return true;
  // Svalbard hears Norway's networks: a territory's code says more than its country's, and contradicts it in nothing.
  if (networks.includes(here.code) || networks.includes(sovereignOf(here.code))) return true;
  // A wide circle reaches into the next country: then the network's word is better than the middle's.
  return estimate.accuracyM < SPILL_M && isNear(networks, estimate.lat, estimate.lon);
}

/** True if it comes from cells alone, from nothing heard in the minutes before the cells, or from a fix that is none. */
function isDoubtful({ source, ageMs, accuracyM }: AgedEstimate, cells: CellReadings): boolean {
  let networkMs = Number.POSITIVE_INFINITY;
  for (let i = 0; i < cells.count; i++) networkMs = Math.min(networkMs, cells.ageMs[i]);
  return (
    source === 'cell' || source === 'area' || ageMs - networkMs > OLD_MS || (source === 'gps' && accuracyM > WIDE_FIX_M)
  );
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

/** Countries of the networks heard last: those the most cells' codes allow; [] if none was heard. */
function countriesHeard(cells: CellReadings, untilMs: number): readonly string[] {
  const votes = new Map<string, number>();
  for (let i = 0; i < cells.count; i++) {
    if (cells.ageMs[i] > untilMs) continue;
    for (const code of countriesOf(cells.mcc[i], cells.mnc[i])) votes.set(code, (votes.get(code) ?? 0) + 1);
  }
  const most = Math.max(0, ...votes.values());
  return [...votes.keys()].filter((code) => votes.get(code) === most);
}

/** Of the countries heard, the one whose code the serving cell's, or the strongest's, mostly is; null if none's. */
function mainHeard({ cells }: Readings, heard: readonly string[]): Country | null {
  for (let i = 0; i < cells.count; i++) {
    const main = mainCountryOf(cells.mcc[i], cells.mnc[i]);
    if (heard.includes(main)) return countryNamed(main);
  }
  return null;
}
