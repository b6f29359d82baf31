// Where is this phone? The one path every look-up takes, top to bottom: what each source says, one fusion, then the
// fallbacks, which also hear an answer that rests on old evidence alone. Promises: no error and no endless work for any readings;
// nothing allocated (the answer is one reused object); no address, strength or position outlives the call except in that object.
import { SOURCE } from '../devices/device-contract.ts';
import type { StationReader } from '../stations/index-contract.ts';
import { isAllOld } from './age.ts';
import { type Corrections, createCorrections } from './calibration.ts';
import { createCountry } from './country.ts';
import { agree, fuse } from './fuse.ts';
import { locateByFix } from './gps.ts';
import type { IpReader } from './ip.ts';
import type { AgedEstimate, Estimate, EstimateSource, Fallback, Locator } from './locator.ts';
import { createRadioSources } from './radio-sources.ts';
import type { Readings } from './readings.ts';
import { createSiteSource } from './site-source.ts';
import { createSource, type Source } from './source.ts';

const MS_PER_DAY = 86_400_000;
/** In the order of `sources` below. */
const NAMES = ['gps', 'bluetooth', 'wifi', 'cell'] as const satisfies readonly EstimateSource[];
/** What fuse.ts sets if nothing but cells is in the result. */
const CELL_ALONE = 1 << NAMES.indexOf('cell');
/** Bits of SOURCE by the bits that fuse.ts sets for `sources`. */
const MERGED_SOURCES = Array.from({ length: 1 << NAMES.length }, (_, merged) =>
  NAMES.reduce((mask, name, i) => ((merged >> i) & 1 ? mask | SOURCE[name] : mask), 0),
);

export type LocatorDeps = {
  readonly stations: StationReader;
  readonly ip: IpReader;
  /** What this map's own answers taught about its circles; may change between calls. Default: nothing. */
  readonly corrections?: Corrections;
};

type Place = { readonly lat: number; readonly lon: number; readonly accuracyM: number; readonly ageMs?: number };

/** A locator with its own scratch space: one a thread. */
export function createLocator(deps: LocatorDeps): Locator {
  const { stations, ip, corrections = createCorrections() } = deps;
  const radio = createRadioSources(stations, corrections);
  const { fetch, strays, areas, byWifi, byBluetooth, byCells, byOtherCells, isAstray } = radio;
  const bySites = createSiteSource(stations, areas.isElsewhere);
  const [gps, bluetooth, wifi, cell] = [createSource(), createSource(), createSource(), createSource()];
  const sources: readonly Source[] = [gps, bluetooth, wifi, cell];
  const witnesses: readonly Source[] = [gps, cell];
  const [result, site, area] = [createSource(), createSource(), createSource()];
  const answer: AgedEstimate = { lat: 0, lon: 0, accuracyM: 0, fallback: '', source: 'fused', sources: 0, ageMs: 0 };

  function locate(readings: Readings, nowMs: number): Estimate | null {
    return locateByRadio(readings, nowMs) ?? locateByIp(readings);
  }

  function locateByRadio(readings: Readings, nowMs: number): AgedEstimate | null {
    const today = Math.floor(nowMs / MS_PER_DAY);
    fetch(readings);
    locateByFix(readings.fix, gps);
    byCells(readings.cells, today, cell);
    byWifi(readings.wifi, today, witnesses, wifi);
    byBluetooth(readings.bluetooth, today, witnesses, bluetooth);
    let heaviest = fuse(sources, result);
    let astray = false;
    // Each turn leaves out one cell more.
    while (heaviest >= 0 && result.merged === CELL_ALONE && isAstray(readings.cells, cell)) {
      astray = true;
      byOtherCells(readings.cells, today, cell);
      // It stood witness, too.
      byWifi(readings.wifi, today, witnesses, wifi);
      byBluetooth(readings.bluetooth, today, witnesses, bluetooth);
      heaviest = fuse(sources, result);
    }
    if (!isAllOld(sources)) return sayFused(heaviest);
    const near = locateByCellsNearby(readings, today, astray);
    if (near !== null && (heaviest < 0 || overrules(near, result))) return say(near, 'lacf', 'area', SOURCE.cell);
    return heaviest < 0 ? null : sayFused(heaviest);
  }

  /**
   * By what else of the cells' network is known, if the phone wants that: the mast or the area, whichever tells more; of a
   * cell that went `astray` the area, for its siblings may stand where it does.
   */
  function locateByCellsNearby({ cells, allowArea }: Readings, today: number, astray: boolean): Source | null {
    if (!allowArea || cells.count === 0) return null;
    site.found = false;
    if (!astray) bySites(cells, today, site);
    areas.locate(cells, area);
    const narrower = site.found && !(area.found && area.accuracyM < site.accuracyM) ? site : area;
    return narrower.found ? narrower : null;
  }

  function locateByIp(readings: Readings): Estimate | null {
    const place = readings.ip === undefined ? null : ip.find(readings.ip);
    return place === null ? null : say(place, 'ipf', 'ip', SOURCE.ip);
  }

  function sayFused(heaviest: number): AgedEstimate {
    const source = heaviest < NAMES.length ? NAMES[heaviest] : 'fused';
    return say(result, '', source, MERGED_SOURCES[result.merged]);
  }

  function say(where: Place, fallback: Fallback, source: EstimateSource, used: number): AgedEstimate {
    answer.lat = where.lat;
    answer.lon = where.lon;
    answer.accuracyM = where.accuracyM;
    answer.fallback = fallback;
    answer.source = source;
    answer.sources = used;
    answer.ageMs = where.ageMs ?? 0;
    return answer;
  }

  return { locate, strays, country: createCountry(locateByRadio, ip) };
}

/** True if a place by cells heard now says more than an old answer: that it is elsewhere, or where within it. */
function overrules(near: Source, old: Source): boolean {
  return 2 * near.ageMs < old.ageMs && (near.accuracyM < old.accuracyM || !agree(near, old));
}
