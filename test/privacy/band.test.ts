import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BAND_M, bandRingsOf, shiftOf } from '../../src/privacy/band.ts';
import { MAX_BAND_RINGS, MIN_BAND_RINGS } from '../../src/privacy/coarse-state.ts';

const KEY = Buffer.alloc(32, 5);
const OTHER_KEY = Buffer.alloc(32, 6);
const devices = Array.from({ length: 3_000 }, (_, i) => `device ${i}`);

describe("a device's band", () => {
  test('is never none, each width as likely, and the same for life', () => {
    const counts = new Map<number, number>();
    for (const device of devices) {
      const rings = bandRingsOf(KEY, device);
      expect(bandRingsOf(KEY, device)).toBe(rings);
      counts.set(rings, (counts.get(rings) ?? 0) + 1);
    }
    expect([...counts.keys()].sort()).toEqual([2, 3, 4]);
    for (const count of counts.values()) expect(count).toBeGreaterThan(900);
    expect(MIN_BAND_RINGS).toBeGreaterThan(1);
  });

  test('is another one under another secret', () => {
    const same = devices.filter((device) => bandRingsOf(KEY, device) === bandRingsOf(OTHER_KEY, device)).length;
    expect(same).toBeGreaterThan(900);
    expect(same).toBeLessThan(1_100);
  });
});

describe('the shift of a device', () => {
  test('is 160 to 220 m, within what circles are widened by, and the same for life', () => {
    fc.assert(
      fc.property(fc.string(), (device) => {
        const { eastM, northM } = shiftOf(KEY, device);
        const lengthM = Math.hypot(eastM, northM);
        expect(lengthM).toBeGreaterThanOrEqual(159.99);
        expect(lengthM).toBeLessThanOrEqual(220.01);
        expect(lengthM).toBeLessThan(BAND_M);
        expect(shiftOf(KEY, device)).toEqual({ eastM, northM });
      }),
    );
  });

  test('points anywhere, and tells nothing of the band', () => {
    const quarters = [0, 0, 0, 0];
    let eastOfWide = 0;
    for (const device of devices) {
      const { eastM, northM } = shiftOf(KEY, device);
      quarters[(eastM > 0 ? 1 : 0) + (northM > 0 ? 2 : 0)]++;
      if (bandRingsOf(KEY, device) === MAX_BAND_RINGS) eastOfWide += eastM;
    }
    for (const count of quarters) expect(count).toBeGreaterThan(650);
    expect(Math.abs(eastOfWide / 1_000)).toBeLessThan(25);
  });
});

test('a device keeps its band and its shift, whatever version of the gateway answers: two of them would tell more than one', () => {
  const of = (device: string) => {
    const { eastM, northM } = shiftOf(KEY, device);
    return [bandRingsOf(KEY, device), eastM.toFixed(3), northM.toFixed(3)];
  };
  expect(of('device 0')).toEqual([3, '88.532', '-151.826']);
  expect(of('device 1')).toEqual([3, '-8.356', '170.459']);
  expect(of('device 2')).toEqual([4, '-117.354', '112.074']);
});
