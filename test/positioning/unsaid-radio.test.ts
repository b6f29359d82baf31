// Cells of which nobody says the radio: named by the map where it knows them, and by nothing else.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SOURCE } from '../../src/devices/device-contract.ts';
import { keepSources } from '../../src/positioning/keep-sources.ts';
import { readGeolocate } from '../../src/positioning/read-geolocate.ts';
import { createReadings } from '../../src/positioning/readings.ts';
import { scanGeolocate } from '../../src/positioning/scan-geolocate.ts';
import { RADIO } from '../../src/radio/cell.ts';
import { createScene, lteCell, trusted } from './scene.ts';

const NETWORK = { mobileCountryCode: 262, mobileNetworkCode: 1, locationAreaCode: 100 };
const unsaid = (cellId: number, fields: object = {}) => ({ ...NETWORK, cellId, ...fields });
const ID = 7_000_001;

test.each([
  ['gsm', RADIO.gsm, 4711],
  ['wcdma', RADIO.wcdma, 221_360],
  ['lte', RADIO.lte, ID],
  ['nr', RADIO.nr, 0x4_0000_0007],
] as const)('a cell that the map knows as %s is that one', (radioType, radio, id) => {
  const scene = createScene();
  scene.stations.putCell(radio, 262, 1, 100, id, trusted(300, 0, { radiusM: 900 }));
  const said = scene.locate({ cellTowers: [unsaid(id, { radioType })] });
  expect(said).not.toBeNull();
  expect(scene.locate({ cellTowers: [unsaid(id)] })).toEqual(said);
  expect(scene.locate({ radioType: '', cellTowers: [unsaid(id, { radioType: null })] })).toEqual(said);
  expect(scene.country({ cellTowers: [unsaid(id)] })).toEqual({ code: 'DE', name: 'Germany', fallback: '' });
});

test('one that the map knows by two radios, or not at all, is no cell: neither its mast nor its area is guessed', () => {
  const scene = createScene();
  scene.lte(256, trusted(0));
  scene.stations.putCell(RADIO.wcdma, 262, 1, 100, 256, trusted(9_000));
  scene.stations.putArea(RADIO.lte, 262, 1, 100, trusted(0, 0, { radiusM: 5_000 }));
  expect(scene.locate({ cellTowers: [unsaid(256)] })).toBeNull();
  expect(scene.locate({ cellTowers: [unsaid(257)] })).toBeNull();
  expect(scene.locate({ cellTowers: [{ ...unsaid(256), locationAreaCode: undefined }] })).toBeNull();
  expect(scene.locate({ cellTowers: [lteCell(257)] })).toMatchObject({ fallback: 'lacf' });
});

test('a radio that is said and unknown to us is not taken for one that is not said', () => {
  const scene = createScene();
  scene.lte(ID, trusted(0));
  expect(scene.locate({ cellTowers: [unsaid(ID, { radioType: 'cdma' })] })).toBeNull();
  expect(scene.locate({ radioType: 'cdma', cellTowers: [unsaid(ID)] })).toBeNull();
});

test('they count beside others like said ones, in any order', () => {
  const scene = createScene();
  for (let i = 0; i < 6; i++) scene.lte(ID + 256 * i, trusted(400 * i, 200 * i, { radiusM: 700 + 50 * i }));
  const towers = Array.from({ length: 6 }, (_, i) => unsaid(ID + 256 * i, { signalStrength: -80 - i }));
  const said = scene.locate({ cellTowers: towers.map((one) => ({ ...one, radioType: 'lte' })) });
  fc.assert(
    fc.property(
      fc.shuffledSubarray(towers, { minLength: 6 }),
      fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }),
      (order, isSaid) => {
        const cellTowers = order.map((one, i) => (isSaid[i] ? { ...one, radioType: 'lte' } : one));
        expect(scene.locate({ cellTowers })).toEqual(said);
      },
    ),
  );
});

test('a list of more than a phone can hear names none, whichever came first', () => {
  const scene = createScene();
  scene.lte(ID, trusted(0));
  const others = Array.from({ length: 32 }, (_, i) => unsaid(90_000 + i));
  expect(scene.locate({ cellTowers: [unsaid(ID), ...others.slice(1)] })).not.toBeNull();
  expect(scene.locate({ cellTowers: [unsaid(ID), ...others] })).toBeNull();
  expect(scene.locate({ cellTowers: [...others, unsaid(ID)] })).toBeNull();
});

test('who has cells switched off is not found by them, and nothing of one request is left for the next', () => {
  const readings = createReadings();
  readGeolocate({ cellTowers: [unsaid(ID)] }, undefined, readings);
  expect(readings.unsaid).toHaveLength(1);
  keepSources(readings, SOURCE.wifi);
  expect(readings.unsaid).toHaveLength(0);
  readGeolocate({ cellTowers: [unsaid(ID)] }, undefined, readings);
  readGeolocate({}, undefined, readings);
  expect(readings.unsaid).toHaveLength(0);
});

test('the short way leaves them to the long one', () => {
  const readings = createReadings();
  const scan = (body: object) => scanGeolocate(Buffer.from(JSON.stringify(body)), undefined, readings);
  expect(scan({ cellTowers: [unsaid(ID)] })).toBe(false);
  expect(scan({ radioType: 'lte', cellTowers: [unsaid(ID)] })).toBe(true);
});
