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

const { gsm, wcdma, lte, nr } = RADIO;
test.each([
  ['dBm of GSM', (dbm: number) => cellDbm(gsm, dbm), -113, -113, -51, -51],
  ['dBm of UMTS', (dbm: number) => cellDbm(wcdma, dbm), -121, -121, -25, -25],
  ['dBm of LTE', (dbm: number) => cellDbm(lte, dbm), -140, -140, -43, -43],
  ['dBm of NR', (dbm: number) => cellDbm(nr, dbm), -156, -156, -31, -31],
  ['ASU of GSM', (asu: number) => asuDbm(gsm, asu), 0, -113, 31, -51],
  ['ASU of UMTS', (asu: number) => asuDbm(wcdma, asu), 0, -116, 91, -25],
  ['ASU of LTE', (asu: number) => asuDbm(lte, asu), 0, -140, 97, -43],
  ['ASU of NR', (asu: number) => asuDbm(nr, asu), 0, -156, 125, -31],
  ['dBm of an access point', wifiDbm, -127, -100, -10, -10],
  ['dBm of a beacon', bluetoothDbm, -127, -127, -1, -1],
])('%s end where receivers do', (_, read, weakest, weakestDbm, strongest, strongestDbm) => {
  expect([weakest - 1, weakest, strongest, strongest + 1].map(read)).toEqual([
    UNKNOWN_DBM,
    weakestDbm,
    strongestDbm,
    UNKNOWN_DBM,
  ]);
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
