// Attack A10: what somebody learns of access points that are not theirs by asking where "they" are.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { distanceM } from '../../src/geo/distance.ts';
import { STATION_FLAG } from '../../src/stations/index-contract.ts';
import { at, createScene, heard, macOf, trusted } from './scene.ts';

const TARGET = 'a0b1c2000010';

test('random guesses, two a call, in a town of 2,000 access points find none', () => {
  const scene = createScene();
  for (let i = 0; i < 2000; i++) scene.wifi(macOf(i), trusted((i % 50) * 30, Math.floor(i / 50) * 30));
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0xff_ffff }), fc.integer({ min: 0, max: 0xff_ffff }), (a, b) => {
      const guesses = [a, b].map((tail) => heard((0x001000000000 + tail * 7 + 3).toString(16).padStart(12, '0'), -50));
      expect(scene.locate({ wifiAccessPoints: guesses })).toBeNull();
    }),
    { numRuns: 1000 },
  );
});

test('a target paired with an address that does not exist answers nothing', () => {
  const scene = createScene();
  scene.wifi(TARGET, trusted(0));
  expect(scene.locate({ wifiAccessPoints: [heard(TARGET, -40), heard('a4c3f0112233', -40)] })).toBeNull();
  expect(scene.locate({ wifiAccessPoints: [heard(TARGET, -40)] })).toBeNull();
});

test('the bands of one router do not vouch for each other, whatever the notation', () => {
  const scene = createScene();
  for (const mac of ['a0b1c2000010', 'a0b1c2000011', 'a0b1c200001f', 'a0b1d2000010']) scene.wifi(mac, trusted(0));
  const bands = ['a0:b1:c2:00:00:10', 'A0-B1-C2-00-00-11', 'a0b1.c200.001f', 'a0b1d2000010', 'a0b1c2000010'];
  expect(scene.locate({ wifiAccessPoints: bands.map((mac) => heard(mac, -40)) })).toBeNull();
});

test("beside an attacker's own access points far away, the answer is where those are, with or without the target", () => {
  const scene = createScene();
  scene.wifi(TARGET, trusted(0));
  scene.wifi(macOf(1), trusted(50_000));
  scene.wifi(macOf(2), trusted(50_100));
  expect(scene.locate({ wifiAccessPoints: [heard(TARGET, -30), heard(macOf(1), -90)] })).toBeNull();
  const own = [heard(macOf(1), -60), heard(macOf(2), -60)];
  const without = scene.locate({ wifiAccessPoints: own });
  for (const dbm of [-30, -60, -90])
    expect(scene.locate({ wifiAccessPoints: [...own, heard(TARGET, dbm)] })).toEqual(without);
});

test('with two devices in the cluster strengths move nothing and the circle is 100 m at least', () => {
  const dbm = fc.option(fc.integer({ min: -100, max: -10 }), { nil: undefined });
  fc.assert(
    fc.property(fc.tuple(dbm, dbm, dbm, dbm), fc.integer({ min: 1, max: 499 }), (strengths, east) => {
      const scene = createScene();
      const macs = [TARGET, 'a0b1c2000012', macOf(1), macOf(2)];
      scene.wifi(macs[0], trusted(0, 0, { radiusM: 5 }));
      scene.wifi(macs[1], trusted(3, 0, { radiusM: 5 }));
      scene.wifi(macs[2], trusted(east, 0, { radiusM: 5 }));
      scene.wifi(macs[3], trusted(20_000));
      const level = scene.locate({ wifiAccessPoints: macs.map((mac) => heard(mac, -60)) });
      const invented = scene.locate({ wifiAccessPoints: macs.map((mac, i) => heard(mac, strengths[i])) });
      expect(invented).toEqual(level);
      expect(level!.accuracyM).toBeGreaterThanOrEqual(100);
    }),
    { numRuns: 300 },
  );
});

test('a station seen moving answers nothing and vouches for nobody', () => {
  const scene = createScene();
  scene.wifi(TARGET, trusted(0, 0, { flags: STATION_FLAG.gnss | STATION_FLAG.moved }));
  scene.wifi(macOf(1), trusted(10));
  expect(scene.locate({ wifiAccessPoints: [heard(TARGET, -50), heard(macOf(1), -50)] })).toBeNull();
});

test('invented strengths cannot drag an answer out of the circle of those that agree', () => {
  const scene = createScene();
  for (let i = 0; i < 3; i++) scene.wifi(macOf(i), trusted(i * 20));
  scene.wifi(TARGET, trusted(450));
  const answer = scene.locate({
    wifiAccessPoints: [heard(macOf(0), -95), heard(macOf(1), -95), heard(macOf(2), -95), heard(TARGET, -20)],
  })!;
  expect(distanceM(answer.lat, answer.lon, at(20).lat, at(20).lon)).toBeLessThan(40);
});

test('how loud an outvoted address is said to be moves nothing, also where one is louder than ever, so that it is not told from an unknown one', () => {
  const all = [
    [-60, -20, -45],
    [-20, 15, -78],
    [0, -10, -66],
    [30, 22, -74],
    [55, -12, -82],
    [80, 10, -88],
  ] as const;
  const ask = (targetM: number | null, dbm: number | undefined) => {
    const scene = createScene();
    for (const [i, [eastM, northM]] of all.entries()) scene.wifi(macOf(i), trusted(eastM, northM, { detail: 60 }));
    if (targetM !== null) scene.wifi(TARGET, trusted(targetM, 0, { detail: 70 }));
    const own = all.map(([, , ownDbm], i) => heard(macOf(i), ownDbm));
    return scene.locate({ wifiAccessPoints: [...own, heard(TARGET, dbm), heard(macOf(99), -60)] })!;
  };
  for (const dbm of [undefined, -100, -80, -71, -69, -60, -40, -20]) {
    expect(ask(50_000, dbm), `${dbm} dBm far off`).toEqual(ask(null, dbm));
    expect(ask(400, dbm), `${dbm} dBm in sight of the others`).toEqual(ask(400, undefined));
  }
});

test('a list with one known access point of every block of a city does not tell the block where a target stands', () => {
  const scene = createScene();
  const blocks = Array.from({ length: 60 }, (_, i) => macOf(i + 1));
  for (const [i, mac] of blocks.entries()) scene.wifi(mac, trusted((i % 10) * 1200, Math.floor(i / 10) * 1200));
  scene.wifi(TARGET, trusted(3 * 1200 + 40, 2 * 1200));
  const dragnet = (macs: readonly string[]) =>
    scene.locate({ wifiAccessPoints: [TARGET, ...macs].map((mac) => heard(mac, -60)) });
  expect(dragnet(blocks)).toBeNull();
  // Two blocks a call is all that is left: the target's and one more.
  expect(dragnet(blocks.slice(23, 27))).toBeNull();
  expect(dragnet(blocks.slice(23, 25))).not.toBeNull();
});
