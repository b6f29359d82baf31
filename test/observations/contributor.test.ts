import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { contributorTag, dayOf, isIPv6Tag, networkOf, UNKNOWN_TAG } from '../../src/observations/contributor.ts';

const key = Buffer.alloc(32, 7);

test('addresses of one network are one contributor, however its holder chooses the rest', () => {
  const same = (a: string, b: string) => expect(contributorTag(key, a)).toBe(contributorTag(key, b));
  same('203.0.113.5', '203.0.113.250');
  same('::ffff:203.0.113.5', '203.0.113.9');
  same('2001:db8:7::1', '2001:0DB8:0007:ffff:1:2:3:4');
  same('2001:db8::1', '2001:db8:0:9::1');
  same('fe80::1%eth0', 'fe80::1');
  same('::ffff:203.0.113.5%eth0', '203.0.113.9');
  same('fd00::1', 'fd00::9:2');
  same('fe80::1', 'fe80::2');
  same('2002:cb00:7105::1', '203.0.113.250');
});

test('different networks are different contributors, and so are hosts of a private network', () => {
  const tags = [
    '203.0.113.5',
    '203.0.114.5',
    '2001:db8:7::1',
    '2001:db8:8::1',
    '2001:1:5:6:7:8:9:a',
    '127.0.0.1',
    '127.0.0.2',
    '192.168.1.4',
    '192.168.1.5',
    'fd00::1',
    'fd00:0:0:2::1',
    '::1',
    'socket',
  ];
  expect(new Set(tags.map((address) => contributorTag(key, address))).size).toBe(tags.length);
});

test.each([
  ['10.0.0.7', '10.0.0.7'],
  ['127.0.0.7', '127.0.0.7'],
  ['172.16.0.7', '172.16.0.7'],
  ['172.31.0.7', '172.31.0.7'],
  ['192.168.0.7', '192.168.0.7'],
  ['11.0.0.7', '11.0.0.0/24'],
  ['172.15.0.7', '172.15.0.0/24'],
  ['172.32.0.7', '172.32.0.0/24'],
  ['8.16.0.7', '8.16.0.0/24'],
  ['8.168.0.7', '8.168.0.0/24'],
  ['192.169.0.7', '192.169.0.0/24'],
  ['fc00:0:0:1::7', 'fc00:0000:0000:0001::/64'],
  ['fdff:0:0:1::7', 'fdff:0000:0000:0001::/64'],
  ['fe80:0:0:1::7', 'fe80:0000:0000:0001::/64'],
  ['febf:0:0:1::7', 'febf:0000:0000:0001::/64'],
  ['fe00:0:0:1::7', 'fe00:0000:0000::/48'],
  ['fec0:0:0:1::7', 'fec0:0000:0000::/48'],
])('of %s counts %s: hosts are told apart where a network is private, and nowhere else', (address, network) => {
  expect(networkOf(address)).toBe(network);
});

test('who comes by Teredo is nobody, so that a line with native IPv6 beside it does not vouch for itself', () => {
  for (const address of ['2001:0:1234::1', '2001:0:9999:1::2']) expect(contributorTag(key, address)).toBe(UNKNOWN_TAG);
});

test('groups hidden in :: are counted where they stand', () => {
  expect(networkOf('2a01::5:6:7:8:9:a')).toBe('2a01:0000:0005::/48');
  expect(networkOf('2a01::a')).toBe('2a01:0000:0000::/48');
  expect(networkOf('2a01:db8::192.0.2.33')).toBe('2a01:0db8:0000::/48');
  // One that only wraps an IPv4 address is that one's network.
  for (const wrapped of ['64:ff9b::192.0.2.33', '64:ff9b::c000:221', '::ffff:c000:221', '2002:c000:221::1'])
    expect(networkOf(wrapped)).toBe('192.0.2.0/24');
});

test('a tag tells IPv6 from IPv4, so that a line with both can be kept from vouching for itself', () => {
  const isIPv6 = (address: string) => isIPv6Tag(contributorTag(key, address));
  expect(['2001:db8::1', 'fd00::1', '::1'].map(isIPv6)).toEqual([true, true, true]);
  expect(['203.0.113.5', '::ffff:203.0.113.5', '2002:cb00:7105::1', '10.0.0.1', 'socket'].map(isIPv6)).toEqual(
    Array(5).fill(false),
  );
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
