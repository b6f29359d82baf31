// The obvious thing: the H3 cell of the raw position, at once, its centre and circumscribed circle. What most products do
// that say "we only share your area".
import { cellToBoundary, cellToLatLng, latLngToCell } from 'h3-js';
import { distanceM } from '../../src/geo/distance.ts';
import type { Mechanism, Told } from './mechanism.ts';

/** H3 at `res`, indexed directly. */
export function naiveH3(res: number): Mechanism {
  const cells = new Map<string, Told>();
  function tell(cell: string): Told {
    const [lat, lon] = cellToLatLng(cell);
    const radiusM = Math.max(...cellToBoundary(cell).map(([vLat, vLon]) => distanceM(lat, lon, vLat, vLon)));
    return { name: cell, lat, lon, radiusM };
  }
  return {
    name: `H3 res ${res}`,
    kind: 'fixed',
    phone: () => (lat, lon) => {
      const cell = latLngToCell(lat, lon, res);
      let told = cells.get(cell);
      if (told === undefined) {
        told = tell(cell);
        cells.set(cell, told);
      }
      return told;
    },
  };
}
