// In which country is this phone? By its radio position, else by the network it hears (the MCC), else by its IP address.
// Promises: an ISO 3166-1 code with a name, or nothing; a code shared by several countries (Guernsey and Britain, the French
// overseas regions) is settled by the other evidence, never by the first in a list. Where the SIM comes from is no evidence.
import mccMncList from 'mcc-mnc-list';
import { type Country, countryAt, countryNamed } from './borders.ts';
import type { IpReader } from './ip.ts';
import type { CountryAnswer, Estimate } from './locator.ts';
import type { Readings } from './readings.ts';

/** A position this vague may lie in the next country: the network's code decides if it names one. */
const VAGUE_M = 25_000;

/** The question for one thread; `locateByRadio` gives the position without the IP address. */
export function createCountry(
  locateByRadio: (readings: Readings, nowMs: number) => Estimate | null,
  ip: IpReader,
): (readings: Readings, nowMs: number) => CountryAnswer | null {
  return (readings, nowMs) => {
    const networks = countriesHeard(readings);
    const estimate = locateByRadio(readings, nowMs);
    const here = estimate === null ? null : countryAt(estimate.lat, estimate.lon);
    const vague = estimate === null || estimate.accuracyM > VAGUE_M;
    if (here !== null && (!vague || networks.length === 0 || networks.includes(here.code)))
      return { ...here, fallback: '' };
    if (networks.length === 1) return answer(countryNamed(networks[0]), '');
    const byIp = readings.ip === undefined ? '' : (ip.find(readings.ip)?.countryCode ?? '');
    if (networks.includes(byIp)) return answer(countryNamed(byIp), '');
    if (here !== null) return { ...here, fallback: '' };
    if (networks.length > 1) return answer(countryNamed(networks[0]), '');
    return answer(countryNamed(byIp), 'ipf');
  };
}

function answer(country: Country | null, fallback: '' | 'ipf'): CountryAnswer | null {
  return country === null ? null : { ...country, fallback };
}

/** Countries of the networks heard, the likeliest first: those the most cells' codes allow; [] if none was heard. */
function countriesHeard(readings: Readings): readonly string[] {
  const votes = new Map<string, number>();
  for (let i = 0; i < readings.cells.count; i++) {
    const { countries } = COUNTRIES.get(readings.cells.mcc[i]) ?? { countries: [] };
    for (const code of countries) votes.set(code, (votes.get(code) ?? 0) + 1);
  }
  const most = Math.max(0, ...votes.values());
  return [...votes.keys()].filter((code) => votes.get(code) === most);
}

type MccEntry = { readonly countries: readonly string[] };

/**
 * Countries by mobile country code, the one with most networks first. Lists (`BQ/CW/SX`) are taken apart, subdivisions
 * (`GE-AB`) count for their country, test and international codes (001, 901) for none. Monaco's code was Kosovo's too until
 * it got its own in 2016, and public cell exports still hold it there.
 */
const COUNTRIES: ReadonlyMap<number, MccEntry> = readMccs();

function readMccs(): ReadonlyMap<number, MccEntry> {
  const counts = new Map<number, Map<string, number>>();
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
  const entries = new Map<number, MccEntry>();
  for (const [mcc, count] of counts)
    entries.set(mcc, {
      countries: [...count.keys()].sort((a, b) => count.get(b)! - count.get(a)! || (a < b ? -1 : 1)),
    });
  return entries;
}
