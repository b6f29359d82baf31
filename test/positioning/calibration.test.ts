import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import {
  CALIBRATION_VERSION,
  createCorrections,
  createServingCell,
  rateCells,
  rateMacs,
} from '../../src/positioning/calibration.ts';
import { createSource } from '../../src/positioning/source.ts';
import { MAC_KIND } from '../../src/stations/index-contract.ts';

const corrections = createCorrections();
const into = createSource();
const solutionOf = (reachM: number, scatterM: number) => ({
  ...{ x: 0, y: 0, reachM, scatterM, agreeing: 2, doubting: 0.5 },
  ...{ spreadM: 0.8 * reachM, meanReachM: 1.1 * reachM },
});

/** Circles before floors and corrections, for every class, in centimetres. */
function circles(): number[] {
  const all: number[] = [];
  const note = () => all.push(into.errorClass, Math.round(100 * into.uncorrectedM));
  for (const kind of [MAC_KIND.wifi, MAC_KIND.bluetooth])
    for (const [devices, followed] of [[2], [3], [4], [6], [10], [10, true]] as [number, boolean?][])
      for (const reachM of [5, 10, 20, 40, 80]) {
        for (const share of [1, 0.5, 0.2]) {
          const basis = { devices, share, followed: followed === true, ledM: followed ? 12 : 0 };
          rateMacs(corrections, kind, basis, solutionOf(reachM, reachM / 3), into);
          note();
        }
      }
  for (const cells of [1, 2, 3]) {
    rateCells(corrections, cells, createServingCell(), solutionOf(700, 200), into);
    note();
  }
  const serving = {
    sigmaM: 600,
    offCentreM: 0,
    fromMastM: 800,
    farthestM: Infinity,
    hasTiming: true,
    parts: 3,
    partsKnown: 2,
    unsure: 0.5,
  };
  for (const hasTiming of [true, false]) {
    rateCells(corrections, 1, { ...serving, hasTiming }, solutionOf(300, 100), into);
    note();
  }
  rateCells(corrections, 1, { ...serving, farthestM: 900 }, solutionOf(300, 100), into);
  note();
  rateCells(corrections, 1, { ...serving, partsKnown: 1, offCentreM: 100 }, solutionOf(300, 100), into);
  note();
  return all;
}

test('the calibration has a new version whenever its circles change, so that no gateway holds old counts against new circles', () => {
  const digest = createHash('sha256').update(circles().join()).digest('hex').slice(0, 12);
  expect({ version: CALIBRATION_VERSION, digest }).toEqual({ version: 11, digest: '9813c471cb53' });
});
