import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { contributorTag, dayOf, networkOf } from '../../src/observations/contributor.ts';

const key = Buffer.alloc(32, 7);

test('addresses of one network are one contributor, however its holder chooses the rest', () => {
  const same = (a: string, b: string) => expect(contributorTag(key, a)).toBe(contributorTag(key, b));
  same('203.0.113.5', '203.0.113.250');
  same('::ffff:203.0.113.5', '203.0.113.9');
  same('2001:db8:7::1', '2001:0DB8:0007:ffff:1:2:3:4');
  same('2001:db8::1', '2001:db8:0:9::1');
  same('fe80::1%eth0', 'fe80::1');
});

test('different networks are different contributors, and so are hosts of a private network', () => {
  const tags = [
    '203.0.113.5',
    '203.0.114.5',
    '2001:db8:7::1',
    '2001:db8:8::1',
    '2001::5:6:7:8:9:a',
    '127.0.0.1',
    '127.0.0.2',
    '192.168.1.4',
    '192.168.1.5',
    'fd00::1',
    'fd00::2',
    '::1',
    'socket',
  ];
  expect(new Set(tags.map((address) => contributorTag(key, address))).size).toBe(tags.length);
});

test('groups hidden in :: are counted where they stand', () => {
  expect(networkOf('2001::5:6:7:8:9:a')).toBe('2001:0000:0005::/48');
  expect(networkOf('2001::a')).toBe('2001:0000:0000::/48');
  expect(networkOf('64:ff9b::192.0.2.33')).toBe('0064:ff9b:0000::/48');
});

test('under another day key a tag has nothing to do with the one before', () => {
  const tags = Array.from({ length: 200 }, () => contributorTag(randomBytes(32), '203.0.113.5'));
  expect(new Set(tags).size).toBe(200);
  expect(Math.max(...tags)).toBeLessThan(2 ** 48);
});

test('whatever stands for an address, a tag comes back', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.ipV4(), fc.ipV6()), (address) =>
      Number.isSafeInteger(contributorTag(key, address)),
    ),
    { numRuns: 300 },
  );
});

test('a day is a UTC day', () => {
  expect(dayOf(Date.parse('2026-11-22T23:59:59.999Z'))).toBe(dayOf(Date.parse('2026-11-22T00:00:00Z')));
  expect(dayOf(Date.parse('2026-11-23T00:00:00Z'))).toBe(dayOf(Date.parse('2026-11-22T00:00:00Z')) + 1);
});
