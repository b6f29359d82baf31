import fc from 'fast-check';
import { expect, test } from 'vitest';
import { distanceM } from '../../src/geo/distance.ts';
import { BLUETOOTH_REACH, reachPull, WIFI_REACH } from '../../src/positioning/reach.ts';
import { UNKNOWN_DBM } from '../../src/radio/signal.ts';
import { at, createScene, heard, macOf, trusted } from './scene.ts';

const dbm = fc.double({ min: -120, max: -10, noNaN: true });
const sigmaM = fc.double({ min: 3, max: 1_000, noNaN: true });
const model = fc.constantFrom(WIFI_REACH, BLUETOOTH_REACH);

test('a stronger signal never speaks less for being near, and whole dBm weigh what those beside them do', () => {
  fc.assert(
    fc.property(model, dbm, dbm, sigmaM, (reach, a, b, sigma) => {
      const [weak, strong] = [Math.min(a, b), Math.max(a, b)];
      const pull = reachPull(reach, strong, sigma);
      expect(Number.isFinite(pull) && pull > 0).toBe(true);
      expect(pull).toBeGreaterThanOrEqual(reachPull(reach, weak, sigma));
      const whole = Math.round(a);
      expect(reachPull(reach, whole + 1e-9, sigma)).toBeCloseTo(reachPull(reach, whole, sigma), 5);
    }),
  );
});

test('a missing strength counts as a weak one', () => {
  fc.assert(
    fc.property(model, sigmaM, (reach, sigma) => {
      expect(reachPull(reach, UNKNOWN_DBM, sigma)).toBeLessThan(reachPull(reach, reach.usualDbm, sigma));
    }),
  );
});

test('strengths say the more of an access point the wider it is heard: little in one room, much across a mall', () => {
  fc.assert(
    fc.property(sigmaM, sigmaM, (a, b) => {
      const contrast = (sigma: number) => reachPull(WIFI_REACH, -60, sigma) / reachPull(WIFI_REACH, -80, sigma);
      expect(contrast(Math.max(a, b))).toBeGreaterThanOrEqual(contrast(Math.min(a, b)) - 1e-9);
    }),
  );
  expect(reachPull(WIFI_REACH, -60, 5)).toBeCloseTo(10);
  expect(reachPull(WIFI_REACH, -60, 50)).toBeCloseTo(100);
});

test('a phone in the corner of a mall whose access points are all heard everywhere is not drawn to its middle', () => {
  const { wifi, locate } = createScene();
  const phone = { eastM: 25, northM: 35 };
  const body = [];
  for (let i = 0; i < 64; i++) {
    const [eastM, northM] = [20 * (i % 8), 20 * Math.floor(i / 8)];
    wifi(macOf(i), trusted(eastM, northM, { radiusM: 125 }));
    const awayM = Math.hypot(eastM - phone.eastM, northM - phone.northM, 2);
    body.push(heard(macOf(i), Math.round(-31 - 29 * Math.log10(awayM))));
  }
  const answer = locate({ wifiAccessPoints: body })!;
  const truth = at(phone.eastM, phone.northM);
  // The middle is 57 m off; with the 16.5 dB a tenth of before the answer was 15 m off, with the 20 of one room 22.
  expect(distanceM(answer.lat, answer.lon, truth.lat, truth.lon)).toBeLessThan(8);
});
