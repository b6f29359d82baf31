import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SOURCE } from '../../src/devices/device-contract.ts';
import { distanceM } from '../../src/geo/distance.ts';
import { farthestM, fromMastM } from '../../src/positioning/cell-reach.ts';
import type { Estimate } from '../../src/positioning/locator.ts';
import { RADIO } from '../../src/radio/cell.ts';
import { MAX_PARTS, PART_RADIO, partAreas } from '../../src/radio/cell-parts.ts';
import { at, CORNER, createScene, heard, lteCell, macOf, TODAY, trusted } from './scene.ts';

const off = (answer: Estimate | null, place: { lat: number; lon: number }) =>
  answer === null ? Number.NaN : distanceM(answer.lat, answer.lon, place.lat, place.lon);

const parts = new Float64Array(MAX_PARTS);

/** Ten access points around the corner and their readings. */
function street(scene = createScene(), dbm = -60) {
  for (let i = 0; i < 10; i++) scene.wifi(macOf(i), trusted((i % 5) * 10 - 20, i < 5 ? -10 : 10));
  return { scene, wifiAccessPoints: Array.from({ length: 10 }, (_, i) => heard(macOf(i), dbm)) };
}

test('access points around a phone put it in their middle', () => {
  const { scene, wifiAccessPoints } = street();
  const answer = scene.locate({ wifiAccessPoints });
  expect(off(answer, CORNER)).toBeLessThan(2);
  expect(answer).toMatchObject({ source: 'wifi', fallback: '', sources: SOURCE.wifi });
  expect(answer!.accuracyM).toBeGreaterThan(5);
  expect(answer!.accuracyM).toBeLessThan(100);
});

test('the strongest pull: a phone beside one end is nearer that end', () => {
  const { scene, wifiAccessPoints } = street();
  const loud = wifiAccessPoints.map((ap, i) => ({ ...ap, signalStrength: i % 5 === 4 ? -40 : -85 }));
  expect(off(scene.locate({ wifiAccessPoints: loud }), at(20))).toBeLessThan(8);
});

test('of access points none of which reaches to where all are heard, the middle is the answer, in a circle that holds it', () => {
  const scene = createScene();
  const around = Array.from({ length: 8 }, (_, i) => (i * Math.PI) / 4);
  around.forEach((angle, i) => {
    scene.wifi(macOf(i), trusted(120 * Math.cos(angle), 120 * Math.sin(angle)));
  });
  const answer = scene.locate({ wifiAccessPoints: around.map((_, i) => heard(macOf(i), -60)) });
  expect(off(answer, CORNER)).toBeLessThan(answer!.accuracyM);
  expect(answer!.accuracyM).toBeGreaterThan(60);
});

test('who hears mostly what is not known, or stands elsewhere, is in a wider circle: the map ends near it', () => {
  const { scene, wifiAccessPoints } = street();
  for (let i = 0; i < 10; i++) scene.wifi(macOf(200 + i), trusted(40_000 + i));
  const accuracy = (others: number, first: number) =>
    scene.locate({
      wifiAccessPoints: [
        ...wifiAccessPoints,
        ...Array.from({ length: others }, (_, i) => heard(macOf(first + i), -60)),
      ],
    })!.accuracyM;
  expect(accuracy(10, 100)).toBeGreaterThan(1.25 * accuracy(0, 0));
  expect(accuracy(30, 100)).toBeGreaterThan(1.9 * accuracy(10, 100));
  // Of an address it does not tell whether anybody knows it (attack A10).
  expect(accuracy(5, 200)).toBe(accuracy(5, 100));
});

test('twenty trusted access points win over twenty newcomers 300 m away', () => {
  const scene = createScene();
  const wifiAccessPoints: object[] = [];
  for (let i = 0; i < 20; i++) {
    scene.wifi(macOf(i), trusted(i, i));
    scene.wifi(macOf(100 + i), trusted(300 + i, i, { samples: 1, radiusM: 0 }));
    wifiAccessPoints.push(heard(macOf(i), -80), heard(macOf(100 + i), -50));
  }
  expect(off(scene.locate({ wifiAccessPoints }), at(10, 10))).toBeLessThan(30);
});

test('of two crowds that agree within themselves, the one where the cell is wins', () => {
  const scene = createScene();
  for (let i = 0; i < 4; i++) scene.wifi(macOf(i), trusted(i * 10));
  for (let i = 4; i < 8; i++) scene.wifi(macOf(i), trusted(8000 + i * 10));
  const wifiAccessPoints = Array.from({ length: 8 }, (_, i) => heard(macOf(i), -60));
  for (const east of [0, 8000]) {
    scene.lte(7, trusted(east, 300, { radiusM: 900 }));
    expect(off(scene.locate({ wifiAccessPoints, cellTowers: [lteCell(7)] }), at(east))).toBeLessThan(100);
  }
});

test('half of the devices against the other half is no answer, unless a cell or a fix is beside one of them', () => {
  const scene = createScene();
  for (let i = 0; i < 3; i++) scene.wifi(macOf(i), trusted(i * 10));
  for (let i = 3; i < 6; i++) scene.wifi(macOf(i), trusted(800_000 + i * 10));
  scene.wifi(macOf(6), trusted(40));
  const list = (count: number) => Array.from({ length: count }, (_, i) => heard(macOf(i), -60));
  expect(scene.locate({ wifiAccessPoints: list(6) })).toBeNull();
  expect(off(scene.locate({ wifiAccessPoints: list(7) }), at(20))).toBeLessThan(100);
  const position = { latitude: at(800_030).lat, longitude: at(800_030).lon, accuracy: 500 };
  expect(off(scene.locate({ wifiAccessPoints: list(6), position }), at(800_030))).toBeLessThan(600);
});

test('a cell beside neither half, or one that another phone heard before, tells nothing of which is right', () => {
  const scene = createScene();
  for (let i = 0; i < 6; i++) scene.wifi(macOf(i), trusted(i < 3 ? i * 10 : 800_000 + i * 10));
  const wifiAccessPoints = Array.from({ length: 6 }, (_, i) => heard(macOf(i), -60));
  scene.lte(7, trusted(0, 300, { radiusM: 900 }));
  scene.lte(8, trusted(400_000, 0, { radiusM: 900 }));
  expect(scene.locate({ wifiAccessPoints, cellTowers: [lteCell(8)] })).toMatchObject({ source: 'cell' });
  expect(off(scene.locate({ wifiAccessPoints, cellTowers: [lteCell(7)] }), at(10))).toBeLessThan(100);
  expect(scene.locate({ wifiAccessPoints })).toBeNull();
});

test('a cell or a fix whose circle reaches both halves tells nothing of which is right', () => {
  const scene = createScene();
  for (let i = 0; i < 6; i++) scene.wifi(macOf(i), trusted(i < 3 ? i * 10 : 2_000 + i * 10));
  const wifiAccessPoints = Array.from({ length: 6 }, (_, i) => heard(macOf(i), -60));
  scene.lte(7, trusted(1_000, 0, { radiusM: 3_000 }));
  expect(scene.locate({ wifiAccessPoints, cellTowers: [lteCell(7)] })).toMatchObject({ source: 'cell' });
  const position = { latitude: at(1_000).lat, longitude: at(1_000).lon, accuracy: 2_000 };
  expect(scene.locate({ wifiAccessPoints, position })).toMatchObject({ source: 'gps' });
});

test('one known cell answers within its radius; cells that agree sharpen, one that contradicts is dropped', () => {
  const scene = createScene();
  scene.lte(1, trusted(0, 0, { radiusM: 1000 }));
  const single = scene.locate({ cellTowers: [lteCell(1, { signalStrength: -95 })] });
  expect(off(single, CORNER)).toBeLessThan(1);
  expect(single).toMatchObject({ source: 'cell', fallback: '' });
  expect(single!.accuracyM).toBeGreaterThanOrEqual(1000);
  scene.lte(257, trusted(800, 0, { radiusM: 1000 }));
  scene.lte(513, trusted(400, 500, { radiusM: 1000 }));
  scene.lte(769, trusted(60_000, 0, { radiusM: 1000 }));
  const several = scene.locate({ cellTowers: [1, 257, 513, 769].map((id) => lteCell(id, { signalStrength: -95 })) });
  expect(off(several, at(400, 170))).toBeLessThan(150);
});

test('a timing advance beyond where a cell was ever heard widens the circle', () => {
  const scene = createScene();
  scene.lte(1, trusted(0, 0, { radiusM: 500 }));
  const near = scene.locate({ cellTowers: [lteCell(1, { timingAdvance: 3 })] })!;
  const far = scene.locate({ cellTowers: [lteCell(1, { timingAdvance: 100 })] })!;
  expect(near.accuracyM).toBeLessThan(1500);
  expect(far.accuracyM).toBeGreaterThan(5000);
});

test.each([
  ['lte', 200, 15_614, 'a wide cell'],
  ['lte', 1282, 100_086, "the end of LTE's range"],
  ['gsm', 63, 34_871, "the end of GSM's"],
])(
  'timing far beyond the cell is counted once: %s %d is as far as %d m and the cell, no farther',
  (radioType, timingAdvance, away) => {
    const scene = createScene();
    const record = trusted(0, 0, { radiusM: 1500 });
    for (const radio of [RADIO.gsm, RADIO.lte]) scene.stations.putCell(radio, 262, 1, 100, 1, record);
    const cell = (fields: object) => lteCell(1, { radioType, timingAdvance, ...fields });
    const { accuracyM } = scene.locate({ cellTowers: [cell({})] })!;
    expect(accuracyM).toBeGreaterThan(away + 1500);
    expect(accuracyM).toBeLessThan(away + 5000);
    // Beside others the answer stands elsewhere than the cell's middle: it may be as much farther.
    scene.stations.putCell(RADIO.lte, 262, 1, 100, 2, trusted(3000, 0, { radiusM: 1500 }));
    const both = scene.locate({ cellTowers: [cell({ serving: 1 }), lteCell(2)] })!;
    expect(both.accuracyM).toBeGreaterThan(Math.min(away, 16_000));
  },
);

test('timing within where a cell was heard leaves its circle as it was', () => {
  for (const ta of [-1, 0, 1, 5, 20, 40]) expect(farthestM(RADIO.lte, 1500, 60, ta)).toBe(Number.POSITIVE_INFINITY);
  // From there on the bound starts above the circle and grows slower.
  let previous = Number.POSITIVE_INFINITY;
  for (let ta = 60; ta <= 1282; ta += 47) {
    const slack = farthestM(RADIO.lte, 1500, 60, ta) - fromMastM(RADIO.lte, ta);
    expect(slack).toBeGreaterThan(2 * 1500);
    expect(slack).toBeLessThanOrEqual(previous);
    previous = slack + 1e-6;
  }
});

test('a known part of the serving cell stands for it, the surer the more often it was looked at', () => {
  const accuracyAfter = (looks: number) => {
    const scene = createScene();
    scene.lte(1, trusted(0, 0, { radiusM: 800 }));
    const count = partAreas(RADIO.lte, -1, -95, -1, parts);
    for (let p = 0; p < count; p++)
      scene.stations.putCell(PART_RADIO, 262, 1, parts[p], 1, trusted(500, 0, { radiusM: 80, samples: looks }));
    const answer = scene.locate({ cellTowers: [lteCell(1, { signalStrength: -95, serving: 1 })] })!;
    expect(off(answer, at(500))).toBeLessThan(1);
    return answer.accuracyM;
  };
  expect(accuracyAfter(30)).toBeLessThan(600);
  expect(accuracyAfter(1)).toBeGreaterThan(1.5 * accuracyAfter(30));
});

test('an unknown part of the serving cell means somewhere new: the circle is wider, the more so far from the mast', () => {
  const scene = createScene();
  scene.lte(1, trusted(0, 0, { radiusM: 800 }));
  const count = partAreas(RADIO.lte, 4, -95, -1, parts);
  const put = (p: number) => scene.stations.putCell(PART_RADIO, 262, 1, parts[p], 1, trusted(500, 0, { samples: 30 }));
  const ask = (timingAdvance: number) =>
    scene.locate({ cellTowers: [lteCell(1, { signalStrength: -95, serving: 1, timingAdvance })] })!.accuracyM;
  for (let p = 0; p < count; p++) put(p);
  const known = ask(4);
  expect(ask(12)).toBeGreaterThan(2 * known);
  expect(ask(20)).toBeGreaterThan(ask(12) + 200);
});

test('the parts of a cell never tell less of where a phone is than the cell does', () => {
  const ask = (parted: number) => {
    const scene = createScene();
    scene.lte(1, trusted(0, 0, { radiusM: 800 }));
    const count = partAreas(RADIO.lte, 4, -95, -1, parts);
    for (let p = 0; p < Math.min(count, parted); p++)
      scene.stations.putCell(PART_RADIO, 262, 1, parts[p], 1, trusted(500, 0, { radiusM: 700, samples: 1 }));
    return scene.locate({ cellTowers: [lteCell(1, { signalStrength: -95, serving: 1, timingAdvance: 4 })] })!;
  };
  const byCell = ask(0);
  // Half a kilometre from the cell's middle, and hardly looked at: it was told 14 km wide.
  expect(off(ask(1), at(500))).toBeLessThan(1);
  expect(ask(1).accuracyM).toBeLessThan(byCell.accuracyM + 501);
  expect(ask(1).accuracyM).toBeGreaterThan(byCell.accuracyM);
});

test('a mast is no nearer to a phone than its cells reach', () => {
  const scene = createScene();
  for (let sector = 1; sector <= 4; sector++) scene.lte(0x5_00 + sector, trusted(0, 0, { radiusM: 15_000 }));
  expect(scene.locate({ cellTowers: [lteCell(0x5_05)] })!.accuracyM).toBeGreaterThan(15_000);
});

test('a cell without its area is found under the area its neighbour tells', () => {
  const scene = createScene();
  scene.lte(1, trusted(0, 0, { radiusM: 500 }));
  const cellTowers = [lteCell(1, { locationAreaCode: -1 }), lteCell(-1)];
  expect(scene.locate({ cellTowers })).toMatchObject({ source: 'cell' });
});

test('an unknown cell is placed by its mast, then by its area, if the phone allows it', () => {
  const scene = createScene();
  scene.stations.putArea(3, 262, 1, 100, { ...at(5000), radiusM: 15_000, samples: 200 });
  const ask = (cellId: number, fallbacks = {}) => scene.locate({ cellTowers: [lteCell(cellId)], fallbacks });
  expect(ask(0x5_03)).toMatchObject({ source: 'area', fallback: 'lacf', sources: SOURCE.cell });
  expect(off(ask(0x5_03), at(5000))).toBeLessThan(1);
  scene.lte(0x5_01, trusted(100, 0, { radiusM: 800 }));
  scene.lte(0x5_02, trusted(300, 0, { radiusM: 800 }));
  const mast = ask(0x5_03)!;
  expect(off(mast, at(200))).toBeLessThan(50);
  expect(mast.accuracyM).toBeGreaterThan(3000);
  expect(mast.accuracyM).toBeLessThan(ask(0x6_03)!.accuracyM);
  expect(ask(0x5_03, { lacf: false })).toBeNull();
});

test('an area tells more than a mast that is heard over more than all of it', () => {
  const scene = createScene();
  for (const sector of [1, 2]) scene.lte(0x5_00 + sector, trusted(0, 0, { radiusM: 30_000 }));
  const byMast = scene.locate({ cellTowers: [lteCell(0x5_03)] })!;
  expect(off(byMast, at(0))).toBeLessThan(1);
  scene.stations.putArea(3, 262, 1, 100, { ...at(5000), radiusM: 3000, samples: 200 });
  const byArea = scene.locate({ cellTowers: [lteCell(0x5_03)] })!;
  expect(byArea).toMatchObject({ source: 'area', fallback: 'lacf' });
  expect(off(byArea, at(5000))).toBeLessThan(1);
  expect(byArea.accuracyM).toBeLessThan(byMast.accuracyM);
});

test('unknown cells cost a bounded number of look-ups', () => {
  const scene = createScene();
  let asked = 0;
  const { findCell } = scene.stations;
  scene.stations.findCell = (...args) => {
    asked++;
    return findCell(...args);
  };
  scene.locate({ cellTowers: Array.from({ length: 32 }, (_, i) => lteCell(1000 * (i + 1))) });
  expect(asked).toBeGreaterThan(32);
  expect(asked).toBeLessThanOrEqual(32 * 4 + 64);
});

test("the phone's own fix answers alone, wider the older it is", () => {
  const scene = createScene();
  const ask = (fields: object) =>
    scene.locate({ position: { latitude: 52.5, longitude: 13.4, accuracy: 10, ...fields } })!;
  expect(ask({})).toMatchObject({ lat: 52.5, lon: 13.4, source: 'gps', fallback: '', sources: SOURCE.gps });
  expect(ask({}).accuracyM).toBeCloseTo(16.2, 0);
  expect(ask({ age: 60_000, speed: 10 }).accuracyM).toBeCloseTo(616, 0);
});

test('a fix and access points that agree make one sharper answer; a precise fix is not dragged to a wide cell', () => {
  const { scene, wifiAccessPoints } = street();
  const wifi = scene.locate({ wifiAccessPoints })!;
  const position = { ...{ latitude: at(10).lat, longitude: at(10).lon }, accuracy: wifi.accuracyM / 1.62 };
  const both = scene.locate({ wifiAccessPoints, position })!;
  expect(both.source).toBe('fused');
  expect(both.accuracyM).toBeLessThan(wifi.accuracyM);
  expect(off(both, at(5))).toBeLessThan(2);
  scene.lte(1, trusted(700, 0, { radiusM: 1000 }));
  expect(off(scene.locate({ cellTowers: [lteCell(1)], position: { ...position, accuracy: 5 } }), at(10))).toBeLessThan(
    1,
  );
});

test('a fix far from agreeing radio loses; radio far from a fix with one cell behind it loses too', () => {
  const { scene, wifiAccessPoints } = street();
  scene.lte(1, trusted(200, 0, { radiusM: 800 }));
  const elsewhere = { latitude: 48.1, longitude: 11.5, accuracy: 8 };
  const radio = scene.locate({ wifiAccessPoints, cellTowers: [lteCell(1)], position: elsewhere });
  expect(off(radio, CORNER)).toBeLessThan(60);
  const lone = scene.locate({ cellTowers: [lteCell(1)], position: elsewhere });
  expect(lone).toMatchObject({ source: 'gps', lat: 48.1 });
  // An hour ago it may well have been there: the cell is heard now.
  const since = scene.locate({ cellTowers: [lteCell(1)], position: { ...elsewhere, age: 3_600_000 } });
  expect(since).toMatchObject({ source: 'cell' });
});

test('an address answers only if nothing else does', () => {
  const place = { lat: 50, lon: 8, accuracyM: 50_000, countryCode: 'DE' };
  const { scene, wifiAccessPoints } = street(createScene({ find: () => place }));
  expect(scene.locate({}, '8.8.8.8')).toMatchObject({
    lat: 50,
    lon: 8,
    accuracyM: 50_000,
    source: 'ip',
    fallback: 'ipf',
  });
  expect(scene.locate({ wifiAccessPoints: [wifiAccessPoints[0]] }, '8.8.8.8')).toMatchObject({ fallback: 'ipf' });
  expect(scene.locate({ wifiAccessPoints: wifiAccessPoints.slice(0, 2) }, '8.8.8.8')).toMatchObject({ source: 'wifi' });
  expect(scene.locate({ considerIp: false }, '8.8.8.8')).toBeNull();
});

test('a wrong record on another continent does not bend the map of the others, wherever it stands in the list', () => {
  const far = { lat: 60, lon: 30 };
  for (const first of [true, false]) {
    const scene = createScene();
    scene.wifi(macOf(first ? 0 : 9), { ...trusted(0), lat: -33, lon: 18 });
    scene.lte(first ? 1 : 999, { ...trusted(0), lat: -33, lon: 18, radiusM: 500 });
    for (let i = 1; i < 4; i++) {
      scene.wifi(macOf(i), { ...trusted(0), ...at(i * 350, 0, far) });
      scene.lte(i * 300, { ...trusted(0), ...at(i * 900, 0, far), radiusM: 900 });
    }
    const list = [0, 1, 2, 3, 9].map((i) => heard(macOf(i), -60));
    expect(off(scene.locate({ wifiAccessPoints: list }), at(700, 0, far))).toBeLessThan(1);
    const cellTowers = [1, 300, 600, 900, 999].map((id) => lteCell(id, { signalStrength: -90 }));
    expect(off(scene.locate({ cellTowers }), at(1800, 0, far))).toBeLessThan(5);
  }
});

test('beacons answer within their hundred metres', () => {
  const scene = createScene();
  for (let i = 0; i < 3; i++) scene.beacon(macOf(i), trusted(i * 10, 0, { radiusM: 20 }));
  const answer = scene.locate({ bluetoothBeacons: [0, 1, 2].map((i) => heard(macOf(i), -80)) });
  expect(answer).toMatchObject({ source: 'bluetooth' });
  expect(off(answer, at(10))).toBeLessThan(5);
  scene.beacon(macOf(5), trusted(400, 0, { radiusM: 20 }));
  expect(scene.locate({ bluetoothBeacons: [heard(macOf(0), -80), heard(macOf(5), -80)] })).toBeNull();
});

test.each([
  ['antimeridian', { lat: -16.5, lon: 179.9999 }],
  ['north pole', { lat: 90, lon: 0 }],
  ['south pole', { lat: -89.9995, lon: 120 }],
])('at the %s the middle is in the middle', (_name, corner) => {
  const scene = createScene();
  for (let i = 0; i < 4; i++) scene.wifi(macOf(i), { ...trusted(0), ...around(corner, i) });
  const answer = scene.locate({ wifiAccessPoints: [0, 1, 2, 3].map((i) => heard(macOf(i), -60)) })!;
  expect(off(answer, corner)).toBeLessThan(3);
  expect(answer.lon).toBeGreaterThanOrEqual(-180);
  expect(answer.lon).toBeLessThan(180);
});

function around(corner: { lat: number; lon: number }, i: number) {
  const metre = 1 / 111_195;
  if (corner.lat > 89) return { lat: 90 - 50 * metre, lon: i * 90 - 180 + (i % 2 ? 0.01 : 0) };
  if (corner.lat < -89)
    return {
      lat: corner.lat + (i < 2 ? 10 * metre * (i ? 1 : -1) : 0),
      lon: corner.lon + (i < 2 ? 0 : (i === 2 ? 1 : -1) * 10),
    };
  const lon = corner.lon + (i % 2 ? 30 : -30) * metre;
  return { lat: corner.lat + (i < 2 ? 30 : -30) * metre, lon: lon >= 180 ? lon - 360 : lon };
}

test('the same observations in any order give the same bytes', () => {
  const scene = createScene();
  for (let i = 0; i < 40; i++) {
    scene.wifi(macOf(i), trusted(Math.sin(i) * 200, Math.cos(i * 7) * 200, { radiusM: 20 + i, samples: i }));
    scene.beacon(macOf(i), trusted(Math.sin(i) * 30, Math.cos(i * 7) * 30, { radiusM: 20, samples: i }));
    scene.lte(i * 100, trusted(Math.sin(i) * 900, Math.cos(i) * 900, { radiusM: 500 + i, samples: i }));
  }
  const entry = fc.record({ n: fc.integer({ min: 0, max: 45 }), dbm: fc.constantFrom(-50, -70, -90, undefined) });
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 40 }), fc.array(entry, { maxLength: 40 }), (list, cells) => {
      const wifi = list.map(({ n, dbm }) => heard(macOf(n), dbm));
      const towers = cells.map(({ n, dbm }) => lteCell(n * 100 + 1 - (n % 2), { signalStrength: dbm }));
      const one = scene.locate({ wifiAccessPoints: wifi, bluetoothBeacons: wifi.slice(3), cellTowers: towers });
      const other = scene.locate({
        wifiAccessPoints: [...wifi].reverse(),
        bluetoothBeacons: wifi.slice(3).sort((a, b) => (a.macAddress < b.macAddress ? -1 : 1)),
        cellTowers: [...towers].reverse(),
      });
      expect(JSON.stringify(other)).toBe(JSON.stringify(one));
    }),
    { numRuns: 300 },
  );
});

test('whatever the records and the readings, an answer is finite and its accuracy above 0', () => {
  const number = fc.oneof(fc.double({ min: 0, max: 1e7, noNaN: true }), fc.constantFrom(0, 1));
  const station = fc.record({
    lat: fc.oneof(fc.double({ min: -90, max: 90, noNaN: true }), fc.constantFrom(90, -90, 52.52)),
    lon: fc.oneof(fc.double({ min: -180, max: 180, noNaN: true }), fc.constantFrom(-180, 180, 13.4)),
    radiusM: number,
    samples: number,
    lastSeenDay: fc.constantFrom(0, 1, TODAY, TODAY + 1000),
    flags: fc.integer({ min: 0, max: 7 }),
  });
  const position = fc.option(
    fc.record({
      latitude: fc.double({ min: -90, max: 90 }),
      longitude: fc.double({ min: -180, max: 180 }),
      accuracy: number,
      age: number,
      speed: number,
    }),
  );
  fc.assert(
    fc.property(
      fc.array(station, { maxLength: 12 }),
      position,
      fc.constantFrom(-30, -60, -100, undefined),
      (records, fix, dbm) => {
        const scene = createScene();
        records.forEach((record, i) => {
          scene.wifi(macOf(i), record);
          scene.beacon(macOf(i), record);
          scene.lte(i + 1, record);
          scene.stations.putArea(3, 262, 1, 100, record);
        });
        const list = records.map((_, i) => heard(macOf(i), dbm));
        for (const body of [
          { wifiAccessPoints: list },
          { bluetoothBeacons: list, position: fix },
          { cellTowers: records.map((_, i) => lteCell(i + 1, { signalStrength: dbm, timingAdvance: i * 100 })) },
          { cellTowers: [lteCell(99)] },
          {
            wifiAccessPoints: list,
            bluetoothBeacons: list,
            cellTowers: records.map((_, i) => lteCell(i + 1)),
            position: fix,
          },
        ]) {
          const answer = scene.locate(body);
          if (answer === null) continue;
          expect(Number.isFinite(answer.lat) && Math.abs(answer.lat) <= 90).toBe(true);
          expect(Number.isFinite(answer.lon) && Math.abs(answer.lon) <= 180).toBe(true);
          expect(answer.accuracyM > 0 && Number.isFinite(answer.accuracyM)).toBe(true);
        }
      },
    ),
    { numRuns: 300 },
  );
});

test('who hears forty access points that all stand in one point is no farther from it than twice their reach', () => {
  const scene = createScene();
  const list = Array.from({ length: 40 }, (_, i) => macOf(i));
  for (const mac of list) scene.wifi(mac, trusted(0));
  expect(scene.locate({ wifiAccessPoints: list.map((mac) => heard(mac, -70)) })!.accuracyM).toBeLessThan(125);
});

test.each([3, 4, 5])(
  'of %i access points that all contradict each other, a circle around one holds the others',
  (count) => {
    const scene = createScene();
    const list = Array.from({ length: count }, (_, i) => macOf(i));
    list.forEach((mac, i) => {
      scene.wifi(mac, trusted(120 * i, 0, { radiusM: 20 }));
    });
    const answer = scene.locate({ wifiAccessPoints: list.map((mac) => heard(mac, -70)) });
    const offs = list.map((_, i) => off(answer, at(120 * i))).sort((a, b) => a - b);
    expect(answer!.accuracyM).toBeGreaterThan(offs[Math.ceil(count / 2)]);
  },
);

test('access points alone, however wide their records and wherever they stand, say a place near one of them and no absurd circle', () => {
  const place = fc.record({
    angle: fc.double({ min: 0, max: 7, noNaN: true }),
    m: fc.constantFrom(0, 1, 30, 120, 450),
  });
  const record = fc.record({
    place,
    radiusM: fc.constantFrom(0, 1, 10, 60, 300, 4e6),
    samples: fc.constantFrom(0, 1, 60, 4e9),
    dbm: fc.constantFrom(-20, -45, -60, -75, -90, undefined),
    detail: fc.constantFrom(-1, 40, 90),
  });
  fc.assert(
    fc.property(fc.array(record, { minLength: 2, maxLength: 40 }), (records) => {
      const scene = createScene();
      const spots = records.map(({ place: { angle, m } }) => at(m * Math.cos(angle), m * Math.sin(angle)));
      records.forEach(({ radiusM, samples, detail }, i) => {
        scene.wifi(macOf(i), { ...trusted(0), ...spots[i], radiusM, samples, detail });
      });
      const answer = scene.locate({ wifiAccessPoints: records.map(({ dbm }, i) => heard(macOf(i), dbm)) });
      if (answer === null) return;
      expect(Math.min(...spots.map((spot) => off(answer, spot)))).toBeLessThan(500);
      expect(answer.accuracyM).toBeLessThan(3_500);
    }),
    { numRuns: 1_000 },
  );
});
