// Seeded chance and radio for the simulated data sets: what a receiver at a place hears of a transmitter. Promises: the same
// seed gives the same world and the same walks; shadowing is fixed in space (a wall stays where it is) and smooth over tens
// of metres, fading is new each time. Parameters are those of the data's README.

/** A seeded generator of uniform numbers in [0, 1) (mulberry32, public domain by T. Ettinger). */
export function createChance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A draw from the standard normal distribution. */
export function normal(chance: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - chance())) * Math.cos(2 * Math.PI * chance());
}

/** Standard normal fixed to a node of a lattice. */
function nodeNormal(id: number, ix: number, iy: number): number {
  const chance = createChance(Math.imul(id, 0x9e3779b1) ^ Math.imul(ix, 0x85ebca77) ^ Math.imul(iy, 0xc2b2ae3d));
  return normal(chance);
}

/** Standard normal field of transmitter `id` at (x, y) metres, smooth over `gridM`. */
function shadow(id: number, x: number, y: number, gridM: number): number {
  const ix = Math.floor(x / gridM);
  const iy = Math.floor(y / gridM);
  const fx = x / gridM - ix;
  const fy = y / gridM - iy;
  const weights = [(1 - fx) * (1 - fy), fx * (1 - fy), (1 - fx) * fy, fx * fy];
  let sum = 0;
  let square = 0;
  for (let k = 0; k < 4; k++) {
    sum += weights[k] * nodeNormal(id, ix + (k & 1), iy + (k >> 1));
    square += weights[k] * weights[k];
  }
  return sum / Math.sqrt(square);
}

/**
 * Path loss of a kind of transmitter: strength at 1 m, exponent, spread of shadowing and of fading in dB, lattice of shadows; `powerDb`,
 * absent = 0, is by how much one transmitter differs from the next (one sigma).
 */
export type Radio = {
  dbmAt1M: number;
  exponent: number;
  shadowDb: number;
  fadingDb: number;
  gridM: number;
  powerDb?: number;
};

/** A node of the lattice that lies in no world. */
const POWER_NODE = 1 << 24;

/** Strength in dBm at a distance, with shadow and fading. */
export function strength(
  radio: Radio,
  id: number,
  x: number,
  y: number,
  distanceM: number,
  chance: () => number,
): number {
  const power = radio.powerDb === undefined ? 0 : radio.powerDb * nodeNormal(id, POWER_NODE, 0);
  const mean = radio.dbmAt1M + power - 10 * radio.exponent * Math.log10(Math.max(distanceM, 1));
  return mean + radio.shadowDb * shadow(id, x, y, radio.gridM) + radio.fadingDb * normal(chance);
}

/** A position in degrees for metres east and north of the simulated world's origin (Kigali: no trace is from near it). */
export function toDegrees(x: number, y: number): { lat: number; lon: number } {
  const lat = -1.95 + y / 111_195;
  return { lat, lon: 30.06 + x / (111_195 * Math.cos((lat * Math.PI) / 180)) };
}

/** A walk or drive along the streets of a square grid: positions in metres, one a step. */
export function* streetWalk(
  chance: () => number,
  sizeM: number,
  blockM: number,
  stepM: number,
  steps: number,
): Generator<{ x: number; y: number }> {
  const blocks = Math.floor(sizeM / blockM);
  let x = Math.floor(chance() * (blocks + 1)) * blockM;
  let y = Math.floor(chance() * (blocks + 1)) * blockM;
  let left = 0;
  let dx = 0;
  let dy = 0;
  for (let i = 0; i < steps; i++) {
    if (left <= 0) {
      left = blockM;
      do {
        const turn = Math.floor(chance() * 4) * (Math.PI / 2);
        dx = Math.round(Math.cos(turn));
        dy = Math.round(Math.sin(turn));
      } while (
        x + dx * blockM < -1 ||
        x + dx * blockM > sizeM + 1 ||
        y + dy * blockM < -1 ||
        y + dy * blockM > sizeM + 1
      );
    }
    const step = Math.min(stepM, left);
    x += dx * step;
    y += dy * step;
    left -= step;
    yield { x, y };
  }
}
