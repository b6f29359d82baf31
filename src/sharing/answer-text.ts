// What a partner is sent, byte by byte: an allow-list written out field by field, so that nothing else can leave. A coarse
// answer is a pure function of (map version, region, tick) (DESIGN 6.2): no coordinate, accuracy, source, time or name of a
// device goes in. Stops the side channels of privacy.md 2.5. Pure; ASCII.
import { regionCircle } from '../privacy/anonymity-map.ts';
import { BAND_M } from '../privacy/band.ts';
import { TICK_MS } from '../privacy/coarse-state.ts';
import type { RegionKey } from '../privacy/region-key.ts';
import { outlineOf } from '../privacy/region-outline.ts';

export type RegionTexts = (region: RegionKey, tick: number, hasPolygon: boolean) => string;

/** Regions whose text is kept; a country has some ten thousand. */
const MAX_KEPT = 20_000;

/** Texts for one map; `version` is its name. */
export function createRegionTexts(version: string): RegionTexts {
  let heads = new Map<RegionKey, string>();
  const mapVersion = JSON.stringify(version);
  let bucketTick = Number.NaN;
  let tail = '';

  function headOf(region: RegionKey): string {
    let head = heads.get(region);
    if (head !== undefined) return head;
    if (heads.size >= MAX_KEPT) heads = new Map();
    const { lat, lon, radiusM, h3Cell } = regionCircle(region, BAND_M);
    head = `{"location":{"lat":${round(lat)},"lng":${round(lon)}},"accuracy":${radiusM},"precision":"region","region":"${h3Cell}"`;
    heads.set(region, head);
    return head;
  }

  return (region, tick, hasPolygon) => {
    if (tick !== bucketTick) {
      bucketTick = tick;
      tail = `,"bucket":"${new Date(tick * TICK_MS).toISOString()}","mapVersion":${mapVersion}`;
    }
    const outline = hasPolygon ? `,"polygon":${JSON.stringify(outlineOf(region))}` : '';
    return `${headOf(region)}${tail}${outline}}`;
  };
}

/** A position that the person granted exactly this to. */
type Precise = {
  readonly lat: number;
  readonly lon: number;
  readonly accuracyM: number;
  readonly source: string;
  readonly fallback: string;
};

export function preciseText({ lat, lon, accuracyM, source, fallback }: Precise, atMs: number): string {
  const place = `"location":{"lat":${round(lat)},"lng":${round(lon)}},"accuracy":${Math.ceil(accuracyM)}`;
  const how = `"precision":"precise","source":"${source}","timestamp":"${new Date(atMs).toISOString()}"`;
  return fallback === '' ? `{${place},${how}}` : `{${place},${how},"fallback":"${fallback}"}`;
}

/** Degrees to six decimals: 11 cm. */
function round(deg: number): number {
  return Math.round(deg * 1e6) / 1e6;
}
