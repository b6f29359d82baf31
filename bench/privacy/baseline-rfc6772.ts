// RFC 6772, section 6.5: landmarks on a square grid at distance d, each square cut into eight zones. In a corner zone (side
// p d) the answer is that corner's landmark; in an edge zone it is either end of the edge, the previous answer if that is one
// of them. Told is the circle of radius d round the landmark. p = sqrt(3) / 6, so that a landmark's corner zones and the two
// halves of an edge have the same area, d^2 / 3: the leak at a crossing is bounded by design.
import { M_PER_DEG_LAT, mPerDegLon } from '../../src/geo/distance.ts';
import type { Mechanism, Told } from './mechanism.ts';

/** The W3C bound for approximate locations, metres; 12.6 km2 told. */
const LANDMARK_M = 2_000;
const P = Math.sqrt(3) / 6;
/** Rows of equal height; within a row, columns by the latitude of its lower landmarks' band, so squares stay squares. */
const BAND_ROWS = 64;

export function rfc6772(distanceM: number = LANDMARK_M): Mechanism {
  const latStep = distanceM / M_PER_DEG_LAT;
  function tell(row: number, column: number, lonStep: number): Told {
    return { name: `${row}/${column}`, lat: row * latStep, lon: column * lonStep, radiusM: distanceM };
  }
  return {
    name: 'RFC 6772',
    kind: 'fixed',
    phone() {
      let previous: Told | null = null;
      return (lat, lon) => {
        const band = Math.floor(lat / latStep / BAND_ROWS) * BAND_ROWS;
        const lonStep = distanceM / mPerDegLon(band * latStep);
        const row = Math.floor(lat / latStep);
        const column = Math.floor(lon / lonStep);
        const ends = landmarksOf(lon / lonStep - column, lat / latStep - row).map(([dx, dy]) =>
          tell(row + dy, column + dx, lonStep),
        );
        previous = ends.find(({ name }) => name === previous?.name) ?? ends[0];
        return previous;
      };
    },
  };
}

/** The landmarks, as corners (0 or 1, 0 or 1) of the unit square, that a point of it may be told; the nearer one first. */
export function landmarksOf(x: number, y: number): [number, number][] {
  const right = x > 0.5 ? 1 : 0;
  const top = y > 0.5 ? 1 : 0;
  const nearX = Math.min(x, 1 - x);
  const nearY = Math.min(y, 1 - y);
  if (nearX < P && nearY < P) return [[right, top]];
  // What is left is a cross; its diagonals cut it into four edge zones.
  if (nearY < nearX) {
    return [
      [right, top],
      [1 - right, top],
    ];
  }
  return [
    [right, top],
    [right, 1 - top],
  ];
}
