// Where the middle of the places of a transmitter is, and how far around it was heard. Promises: pure, the same for any order
// of the tiles; what lies far out loses its say without a sharp edge; the radius holds 95 % of what was heard, and for cells
// it stays wide until they were heard from several sides. Does not ask what is proven: places.ts does.
import { distanceM, lonDeltaDeg, M_PER_DEG_LAT, mPerDegLon, wrapLonDeg } from '../geo/distance.ts';
import type { Place } from './places.ts';
import type { HeardKind } from './sighting.ts';
import { fadeOf, type Tile, tileEdgeM, type Whereabouts } from './whereabouts.ts';

/** Middle in degrees, the radius in metres that holds 95 % of the sightings, and from how many blocks and days they are. */
export type Middle = { lat: number; lon: number; radiusM: number; looks: number };

/** Student's t with 3 degrees of freedom: what lies far out loses its say, without a sharp edge. */
const FREEDOM = 3;
/**
 * An access point that two never heard loud stands behind walls: where most of its reports are is the street in front of them, and
 * who heard it elsewhere tells as much of where it is. From the first to the second dBm that two vouch for, up to so many degrees of freedom.
 * More would follow the wild fixes of real walks; of those that anybody was beside it would take the sharpness.
 */
const WALLED_DBM = [-70, -80] as const;
const WALLED_FREEDOM = 30;
const MAX_STEPS = 30;
const CLOSE_M = 0.05;
/** No scale under this: fixes are not sharper. */
const LEAST_SCALE_M = 2;

/** Blocks of 180 m: within one, and on one day, reports of a cell say the same. Level 6 of the tiles. */
const LOOK_LEVEL = 6;
const BLOCK_ROWS = 2 ** 23;
/** 95 % radius of a cell that was looked at once or twice: a town's median in the MLS export, and how many looks outweigh it. */
const PRIOR_CELL_RADIUS_M = 1_500;
const PRIOR_LOOKS = 2;

/**
 * A tile that was so much fainter than the loudest says a tenth of where the middle is. 20 dB place halls a tenth better, but let one
 * network beside one honest passer-by a day lead a station 149 m in a week instead of 76 (bench/poison.ts; 67 without).
 */
const DECADE_DB = 40;

/**
 * What is left of a tile's say for how faint an access point was in it: who went past it says more of where it is than all who
 * heard it from afar, and a contributor's share is the same for both (whereabouts.ts). Nothing counts as louder than two vouched
 * for, so that alone nobody shouts the others down. Without it access points of malls in which everything is heard everywhere stand in the malls' middle.
 */
function loudnessOf({ vouchedDbm }: Whereabouts, { loudDbm }: Tile): number {
  if (vouchedDbm === 0 || loudDbm === 0) return 1;
  return 10 ** (Math.min(loudDbm - vouchedDbm, 0) / DECADE_DB);
}

/** One over the degrees of freedom by which a transmitter's tiles are weighed: how soon what lies far out loses its say. */
function tailOf(kind: HeardKind, { vouchedDbm }: Whereabouts): number {
  if (kind !== 'wifi' || vouchedDbm === 0) return 1 / FREEDOM;
  const [open, walled] = WALLED_DBM;
  const behind = Math.min(Math.max((open - vouchedDbm) / (open - walled), 0), 1);
  return (1 - behind) / FREEDOM + behind / WALLED_FREEDOM;
}

/** The robust middle of one or more places, and how far around it the transmitter was heard. */
export function findMiddle(kind: HeardKind, w: Whereabouts, places: readonly Pick<Place, 'tiles'>[]): Middle {
  const tiles = places.flatMap((place) => place.tiles);
  const origin = tiles[0];
  const mPerLon = mPerDegLon(origin.lat);
  const n = tiles.length;
  const x = tiles.map((t) => lonDeltaDeg(origin.lon, t.lon) * mPerLon);
  const y = tiles.map((t) => (t.lat - origin.lat) * M_PER_DEG_LAT);
  const weight = tiles.map((t) => t.weight * fadeOf(w, t) * loudnessOf(w, t));
  const tail = tailOf(kind, w);
  let px = weightedMedian(x, weight);
  let py = weightedMedian(y, weight);
  for (let step = 0; step < MAX_STEPS; step++) {
    const away = x.map((xi, i) => Math.hypot(xi - px, y[i] - py));
    const scale = Math.max(weightedMedian(away, weight), LEAST_SCALE_M);
    let sw = 0;
    let sx = 0;
    let sy = 0;
    for (let i = 0; i < n; i++) {
      const u = weight[i] / (1 + tail * (away[i] / scale) ** 2);
      sw += u;
      sx += u * x[i];
      sy += u * y[i];
    }
    const moved = Math.hypot(sx / sw - px, sy / sw - py);
    px = sx / sw;
    py = sy / sw;
    if (moved < CLOSE_M) break;
  }
  // A tile's mean says nothing of how far around it was heard: as if everywhere in the tile (rms distance in a square).
  const withinM = tileEdgeM(w.level) / Math.sqrt(6);
  const away = x.map((xi, i) => Math.hypot(xi - px, y[i] - py, tiles[i].heard > 1 ? withinM : 0));
  const radiusM = weightedQuantile(
    away,
    tiles.map((t) => t.heard * fadeOf(w, t)),
    0.95,
  );
  const looks = countLooks(w, tiles);
  return {
    lat: origin.lat + py / M_PER_DEG_LAT,
    lon: wrapLonDeg(origin.lon + px / mPerLon),
    radiusM: honestRadiusM(kind, looks, radiusM),
    looks,
  };
}

/** Metres around a middle within which it was heard in 95 of 100 cases in these tiles. */
export function reachAround(w: Whereabouts, { lat, lon }: Middle, tiles: readonly Tile[]): number {
  const withinM = tileEdgeM(w.level) / Math.sqrt(6);
  return weightedQuantile(
    tiles.map((t) => Math.hypot(distanceM(lat, lon, t.lat, t.lon), t.heard > 1 ? withinM : 0)),
    tiles.map((t) => t.heard * fadeOf(w, t)),
    0.95,
  );
}

/** The radius, held against what cells reach until it was seen from enough sides: a hundred reports from one corner are one look. */
function honestRadiusM(kind: HeardKind, looks: number, radiusM: number): number {
  if (kind !== 'cell') return radiusM;
  return Math.sqrt(
    (looks * radiusM * radiusM + PRIOR_LOOKS * PRIOR_CELL_RADIUS_M * PRIOR_CELL_RADIUS_M) / (looks + PRIOR_LOOKS),
  );
}

/** Days on which each block of the town was visited, summed over the blocks. */
function countLooks(w: Whereabouts, tiles: readonly Tile[]): number {
  const shift = Math.max(LOOK_LEVEL - w.level, 0);
  const daysOfBlock = new Map<number, number>();
  for (const { x, y, days } of tiles) {
    const block = (x >> shift) * BLOCK_ROWS + (y >> shift);
    daysOfBlock.set(block, (daysOfBlock.get(block) ?? 0) | days);
  }
  let looks = 0;
  for (const days of daysOfBlock.values()) for (let left = days; left !== 0; left &= left - 1) looks++;
  return looks;
}

function weightedMedian(values: readonly number[], weights: readonly number[]): number {
  return weightedQuantile(values, weights, 0.5);
}

/** The least value under which `share` of the weight lies. */
function weightedQuantile(values: readonly number[], weights: readonly number[], share: number): number {
  const order = values.map((_, i) => i).sort((a, b) => values[a] - values[b] || a - b);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let sum = 0;
  for (const i of order) {
    sum += weights[i];
    if (sum >= share * total) return values[i];
  }
  return values[order[order.length - 1]];
}
