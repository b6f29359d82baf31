// Neighbours as Android tells of most: where they are heard (PSC, PCI), not whose they are.
import { beforeEach, describe, expect, test } from 'vitest';
import { distanceM } from '../../src/geo/distance.ts';
import { readGeolocate } from '../../src/positioning/read-geolocate.ts';
import { createReadings } from '../../src/positioning/readings.ts';
import { scanGeolocate } from '../../src/positioning/scan-geolocate.ts';
import { RADIO } from '../../src/radio/cell.ts';
import { PART_RADIO, partAreas } from '../../src/radio/cell-parts.ts';
import { UNKNOWN_DBM } from '../../src/radio/signal.ts';
import { at, createScene, lteCell, trusted } from './scene.ts';

const UNAVAILABLE = 2_147_483_647;
const NAMELESS: readonly (readonly [string, object])[] = [
  ['nothing', {}],
  ['the unavailable of Android', { mobileCountryCode: UNAVAILABLE, mobileNetworkCode: UNAVAILABLE }],
  ['-1', { mobileCountryCode: -1, mobileNetworkCode: -1, cellId: -1, locationAreaCode: -1 }],
  ['a country without a network', { mobileCountryCode: 262 }],
  ['an identity without a network', { cellId: 7, locationAreaCode: 100, serving: true }],
];

describe.each(NAMELESS)('a neighbour that sends %s for its network', (_what, network) => {
  const neighbour = { radioType: 'lte', psc: 17, signalStrength: -95, ...network };
  const part = new Float64Array(1);
  partAreas(RADIO.lte, -1, UNKNOWN_DBM, 17, part);
  let scene: ReturnType<typeof createScene>;
  beforeEach(() => {
    scene = createScene();
    scene.stations.putCell(PART_RADIO, 262, 1, part[0], 7, trusted(2_000, 0, { radiusM: 300 }));
    scene.lte(7, trusted(0, 0, { radiusM: 3_000 }));
  });

  test('tells in which part of the serving cell the phone is', () => {
    const { lat, lon } = at(2_000);
    for (const cellTowers of [
      [lteCell(7, { serving: 1 }), neighbour],
      [neighbour, lteCell(7)],
    ]) {
      const answer = scene.locate({ cellTowers })!;
      expect(distanceM(answer.lat, answer.lon, lat, lon)).toBeLessThan(10);
    }
  });

  test('is itself looked up nowhere, and says no country', () => {
    scene.stations.putCell(RADIO.lte, 0, 0, 100, 7, trusted(0));
    scene.stations.putArea(RADIO.lte, 0, 0, 100, trusted(0));
    scene.stations.putArea(RADIO.lte, 262, 1, 100, trusted(0));
    const body = { cellTowers: [neighbour] };
    expect([scene.locate(body), scene.country(body)]).toEqual([null, null]);
  });

  test('is read alike the short way', () => {
    const [short, long] = [createReadings(), createReadings()];
    const body = { cellTowers: [neighbour] };
    expect(scanGeolocate(Buffer.from(JSON.stringify(body)), undefined, short)).toBe(true);
    readGeolocate(body, undefined, long);
    expect([short.cells.count, short]).toEqual([1, long]);
  });
});

test('two neighbours without a network are two, and one without a PSC is none', () => {
  const readings = createReadings();
  const neighbours = [17, 18, 17].map((psc) => ({ radioType: 'lte', psc }));
  const cellTowers = [...neighbours, { radioType: 'lte' }, { radioType: 'gsm', psc: 5 }];
  readGeolocate({ cellTowers }, undefined, readings);
  expect([readings.cells.count, ...readings.cells.psc.slice(0, 2)]).toEqual([2, 17, 18]);
});
