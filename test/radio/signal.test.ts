import { expect, test } from 'vitest';
import { RADIO } from '../../src/radio/cell.ts';
import { asuDbm, bluetoothDbm, cellDbm, UNKNOWN_DBM, wifiDbm } from '../../src/radio/signal.ts';

test.each([
  [RADIO.gsm, 85, UNKNOWN_DBM],
  [RADIO.gsm, -113, -113],
  [RADIO.gsm, -50, UNKNOWN_DBM],
  [RADIO.wcdma, -121, -121],
  [RADIO.lte, -225, UNKNOWN_DBM],
  [RADIO.lte, -140, -140],
  [RADIO.lte, 0, UNKNOWN_DBM],
  [RADIO.nr, -156, -156],
  [RADIO.lte, Number.NaN, UNKNOWN_DBM],
])('radio %i reporting %d dBm means %d', (radio, sent, meant) => {
  expect(cellDbm(radio, sent)).toBe(meant);
});

test('ASU becomes dBm by the radio it is of, 99 becomes nothing', () => {
  expect(asuDbm(RADIO.gsm, 20)).toBe(-73);
  expect(asuDbm(RADIO.gsm, 99)).toBe(UNKNOWN_DBM);
  expect(asuDbm(RADIO.wcdma, 20)).toBe(-96);
  expect(asuDbm(RADIO.lte, 40)).toBe(-100);
  expect(asuDbm(RADIO.nr, 56)).toBe(-100);
  expect(asuDbm(RADIO.lte, -1)).toBe(UNKNOWN_DBM);
});

test('access points and beacons keep to what receivers report', () => {
  expect([wifiDbm(-60), wifiDbm(-110), wifiDbm(0), wifiDbm(85)]).toEqual([-60, -100, UNKNOWN_DBM, UNKNOWN_DBM]);
  expect([bluetoothDbm(-90), bluetoothDbm(0), bluetoothDbm(127)]).toEqual([-90, UNKNOWN_DBM, UNKNOWN_DBM]);
});
