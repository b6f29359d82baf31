// Which countries a mobile network may be heard in, by its codes (mcc-mnc-list, after ITU E.212's lists and what operators do).
// Promises: the network's own entry (MCC and MNC) before what its MCC alone says; no order among countries but by evidence;
// test and international codes (001, 901) are of none. Read once, at start.
import mccMncList from 'mcc-mnc-list';
import { sovereignOf } from './borders.ts';

/** Countries with how many networks each has there. */
type Counts = Map<string, number>;
/** `main`: whose code it mostly is, or ''. */
type Countries = { readonly all: readonly string[]; readonly main: string };

const NONE: Countries = { all: [], main: '' };
/** An MNC has three digits at most. */
const MNCS = 1000;

/**
 * Codes heard where no list has them: public cell exports still hold Monaco's in Kosovo, which used it until 2016; Northern
 * Cyprus has operators of Turkey, with Turkey's.
 */
const ALSO: readonly (readonly [mcc: number, code: string])[] = [
  [212, 'XK'],
  [286, 'CY'],
];

const { byMcc, byNetwork } = readList();

/** The countries of a network, in no order that means anything; of its MCC if nobody lists the MNC. */
export function countriesOf(mcc: number, mnc: number): readonly string[] {
  return entryOf(mcc, mnc).all;
}

/**
 * The country whose code a network mostly is: the one that it alone, or that more of its MCC's networks than all others' together,
 * are in, or that the others belong to (Australia of Christmas Island). '' if there is none, as of the French overseas regions.
 */
export function mainCountryOf(mcc: number, mnc: number): string {
  const { all, main } = entryOf(mcc, mnc);
  const ofMcc = byMcc.get(mcc) ?? NONE;
  return all.includes(ofMcc.main) ? ofMcc.main : main;
}

function entryOf(mcc: number, mnc: number): Countries {
  return byNetwork.get(mcc * MNCS + mnc) ?? byMcc.get(mcc) ?? NONE;
}

/** Lists (`BQ/CW/SX`) are taken apart, subdivisions (`GE-AB`) count for their country. */
function readList() {
  const ofMcc = new Map<number, Counts>();
  const ofNetwork = new Map<number, Counts>();
  for (const { countryCode, type, mcc, mnc } of mccMncList.all()) {
    if (countryCode === null || type !== 'National') continue;
    const codes = countryCode.split('/').map((word) => word.slice(0, 2));
    countIn(ofMcc, Number(mcc), codes);
    // Ranges and question marks stand for no network.
    if (/^\d+$/.test(mnc)) countIn(ofNetwork, Number(mcc) * MNCS + Number(mnc), codes);
  }
  return { byMcc: settle(ofMcc, 1), byNetwork: settle(ofNetwork, MNCS) };
}

function countIn(all: Map<number, Counts>, key: number, codes: readonly string[]): void {
  const counts = all.get(key) ?? new Map<string, number>();
  all.set(key, counts);
  for (const code of codes) counts.set(code, (counts.get(code) ?? 0) + 1);
}

function settle(counted: Map<number, Counts>, unit: number): ReadonlyMap<number, Countries> {
  return new Map(
    [...counted].map(([key, counts]) => {
      const also = ALSO.flatMap(([mcc, code]) => (mcc === Math.floor(key / unit) ? [code] : []));
      return [key, { all: [...new Set([...counts.keys(), ...also])], main: mainOf(counts) }];
    }),
  );
}

function mainOf(counts: Counts): string {
  const codes = [...counts.keys()];
  const total = [...counts.values()].reduce((sum, n) => sum + n, 0);
  const holds = ([code, n]: [string, number]) =>
    2 * n > total || codes.every((other) => other === code || sovereignOf(other) === code);
  return [...counts].find(holds)?.[0] ?? '';
}
