// Neighbours as Android tells of most: where they are heard (PSC, PCI), not whose they are.
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { distanceM } from '../../src/geo/distance.ts';
import { admit } from '../../src/observations/admit.ts';
import { readReport } from '../../src/observations/read-report.ts';
import { createDrops } from '../../src/observations/report.ts';
import { servingOf, strongestOf } from '../../src/observations/serving.ts';
import { readGeolocate } from '../../src/positioning/read-geolocate.ts';
import { createReadings, strongestNeighbour } from '../../src/positioning/readings.ts';
import { scanGeolocate } from '../../src/positioning/scan-geolocate.ts';
import { RADIO } from '../../src/radio/cell.ts';
import { MAX_PARTS, PART_RADIO, partAreas } from '../../src/radio/cell-parts.ts';
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

test('which neighbour is the strongest does not depend on their order, nor on those of a second SIM card, and is what is learnt', () => {
  const neighbour = fc.record({
    psc: fc.integer({ min: 0, max: 4 }),
    signalStrength: fc.constantFrom(undefined, -100, -105, -110),
    mobileNetworkCode: fc.constantFrom(undefined, 1, 2),
  });
  fc.assert(
    fc.property(
      fc.array(neighbour, { maxLength: 5 }),
      fc.infiniteStream(fc.integer({ min: 0, max: 9 })),
      (list, order) => {
        const others = list.map(({ mobileNetworkCode, ...sent }) => ({
          radioType: 'lte',
          ...sent,
          ...(mobileNetworkCode === undefined ? {} : { mobileCountryCode: 262, mobileNetworkCode }),
        }));
        const cellTowers = [lteCell(7, { serving: true, signalStrength: -90 }), ...others];
        const shuffled = cellTowers
          .map((cell) => ({ cell, at: order.next().value }))
          .sort((a, b) => a.at - b.at)
          .map(({ cell }) => cell);
        const ours = list.filter(({ mobileNetworkCode }) => mobileNetworkCode !== 2);
        const dbm = ({ signalStrength = -999 }) => signalStrength;
        const best = ours.sort((a, b) => dbm(b) - dbm(a) || a.psc - b.psc)[0]?.psc ?? -1;
        const readings = createReadings();
        readGeolocate({ cellTowers: shuffled }, undefined, readings);
        expect(strongestNeighbour(readings.cells, 0)).toBe(best);
        const item = { position: { latitude: 52, longitude: 13, accuracy: 10 }, cellTowers: shuffled };
        const admitted = admit([readReport(item)], Date.UTC(2026, 5, 1), createDrops());
        const serving = servingOf(admitted[0].cells)!;
        expect(strongestOf(admitted[0].neighbours, serving.radio)).toBe(best);
      },
    ),
  );
});

test('the serving cell that is looked up is the one that is learnt, whatever their order, ages and timing advances', () => {
  const heard = fc.record(
    {
      radioType: fc.constantFrom('gsm', 'lte', 'nr'),
      mobileNetworkCode: fc.constantFrom(1, 2),
      locationAreaCode: fc.constantFrom(100, 101),
      cellId: fc.integer({ min: 1, max: 3 }),
      signalStrength: fc.constantFrom(-100, -105),
      serving: fc.constant(true),
      timingAdvance: fc.integer({ min: 0, max: 2 }),
      age: fc.constantFrom(0, 1_000),
    },
    { requiredKeys: ['radioType', 'mobileNetworkCode', 'locationAreaCode', 'cellId'] },
  );
  // A cell that is named twice in a report is learnt by the reading nearest in time to the fix: another rule.
  const identity = ({ radioType, mobileNetworkCode: mnc, locationAreaCode: area, cellId }: Record<string, unknown>) =>
    [radioType, mnc, area, cellId].join('/');
  fc.assert(
    fc.property(fc.uniqueArray(heard, { minLength: 1, maxLength: 5, selector: identity }), (cells) => {
      const cellTowers = cells.map((cell) => ({ mobileCountryCode: 262, ...cell }));
      const { cells: asked } = readLong({ cellTowers });
      const item = { position: { latitude: 52, longitude: 13, accuracy: 10 }, cellTowers };
      const learnt = servingOf(admit([readReport(item)], Date.UTC(2026, 5, 1), createDrops())[0].cells)!;
      expect([asked.radio[0], asked.mnc[0], asked.area[0], asked.id[0]]).toEqual([
        learnt.radio,
        learnt.mnc,
        learnt.area,
        learnt.cellId,
      ]);
    }),
  );
});

describe('a phone that tells of no neighbours (KaiOS), where all reports had some', () => {
  const known = new Float64Array(MAX_PARTS);
  const count = partAreas(RADIO.lte, -1, -95, 17, known);
  let scene: ReturnType<typeof createScene>;
  const serving = lteCell(7, { serving: true, signalStrength: -95 });
  beforeEach(() => {
    scene = createScene();
    scene.lte(7, trusted(0, 0, { radiusM: 1_000 }));
    for (let p = 0; p < count; p++)
      scene.stations.putCell(PART_RADIO, 262, 1, known[p], 7, trusted(300, 0, { radiusM: 400 }));
  });

  test('is in no circle wider than by the strength alone', () => {
    const withOne = scene.locate({ cellTowers: [serving, { radioType: 'lte', psc: 17, signalStrength: -100 }] })!;
    const without = scene.locate({ cellTowers: [serving] })!;
    expect(without.accuracyM).toBeLessThan(1.5 * withOne.accuracyM);
  });

  test('is not placed by where others heard none: those told of some, and were elsewhere', () => {
    const alone = scene.locate({ cellTowers: [serving] })!;
    const besideNone = partAreas(RADIO.lte, -1, -95, -1, new Float64Array(MAX_PARTS));
    expect(besideNone).toBe(1);
    expect(alone.lat).toBeCloseTo(at(300).lat, 6);
  });

  test('is in a circle as wide as the part is, where one part as wide as the cell is all that is known', () => {
    for (let p = 0; p < count; p++)
      scene.stations.putCell(PART_RADIO, 262, 1, known[p], 7, trusted(0, 0, { radiusM: 1_000, samples: 100 }));
    expect(scene.locate({ cellTowers: [serving] })!.accuracyM).toBeGreaterThan(950);
  });

  test("nor is one whose second SIM card's cell is the only other one", () => {
    const second = lteCell(900, { mobileNetworkCode: 2, psc: 400, signalStrength: -80 });
    expect(scene.locate({ cellTowers: [serving, second] })!.accuracyM).toBe(
      scene.locate({ cellTowers: [serving] })!.accuracyM,
    );
  });

  test('but a neighbour that nobody heard there says that the phone is where nobody was', () => {
    const other = scene.locate({ cellTowers: [serving, { radioType: 'lte', psc: 99, signalStrength: -100 }] })!;
    expect(other.accuracyM).toBeGreaterThan(2 * scene.locate({ cellTowers: [serving] })!.accuracyM);
  });
});

function readLong(body: object) {
  const readings = createReadings();
  readGeolocate(body, undefined, readings);
  return readings;
}
