import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatMac, isUsableMac, MAX_MAC, parseMac } from '../../src/radio/mac.ts';

test('every notation clients use reads as the same address', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: MAX_MAC }), (mac) => {
      const colons = formatMac(mac);
      for (const text of [
        colons,
        colons.toUpperCase(),
        colons.replaceAll(':', '-'),
        colons.replaceAll(':', ''),
        dotted(colons),
      ])
        expect(parseMac(text)).toBe(mac);
    }),
  );
});

const dotted = (colons: string) => colons.replaceAll(':', '').replace(/(....)(....)(....)/, '$1.$2.$3');

test.each([
  '',
  '0011223344',
  '00:11:22:33:44:5',
  '00:11:22:33:44:55:66',
  'gg:11:22:33:44:55',
  '00 11 22 33 44 55',
  '00::11::22::33::44::55',
])('%j is no address', (text) => {
  expect(parseMac(text)).toBe(-1);
});

test('only addresses of one physical transmitter may be used', () => {
  const usable = (text: string) => isUsableMac(parseMac(text));
  expect(usable('00:11:22:33:44:55')).toBe(true);
  expect(usable('02:11:22:33:44:55')).toBe(false);
  expect(usable('01:00:5e:90:10:00')).toBe(false);
  expect(usable('00:00:00:00:00:00')).toBe(false);
  expect(usable('ff:ff:ff:ff:ff:ff')).toBe(false);
});

test('of random static Bluetooth addresses three in four are refused: no bit tells the fourth from a public one', () => {
  // Bluetooth Core: the two highest bits are 1. IEEE: the two lowest of the same octet are 0 in a maker's address.
  const usable = Array.from({ length: 64 }, (_, i) => isUsableMac((0xc0 + i) * 2 ** 40 + 1)).filter(Boolean);
  expect(usable).toHaveLength(16);
});
