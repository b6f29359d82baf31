import { compile } from '@fastify/proxy-addr';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../fixtures/random.ts';
import { trustIn } from '../../src/http/trusted-proxies.ts';

const NAMES = ['127.0.0.1', '10.1.0.0/16', 'uniquelocal', '2001:db8:7::/48'];

describe('who is believed to be a proxy', () => {
  it('is whom the library believes, asked for the first time and again, in any order', () => {
    const { next } = createRandom(5);
    const [ours, library] = [trustIn(NAMES), compile(NAMES)];
    const byte = () => Math.floor(next() * 256);
    const heads = ['127.0.0', '127.0.1', '10.1.7', '10.2.7', '192.168.3', '192.169.3', '::ffff:10.1.9', '8.8.8'];
    const addresses = Array.from({ length: 2_000 }, () => {
      const head = heads[Math.floor(next() * heads.length)];
      return next() < 0.2 ? `2001:db8:${Math.floor(next() * 9)}::${byte().toString(16)}` : `${head}.${byte() & 63}`;
    });
    for (const [i, address] of addresses.entries())
      expect([address, ours(address, i % 3)]).toEqual([address, library(address, i % 3)]);
    expect(addresses.some((address) => ours(address, 0)) && addresses.some((address) => !ours(address, 0))).toBe(true);
  });

  it('stays right for more proxies than it remembers', () => {
    const ours = trustIn(['10.0.0.0/8']);
    for (const round of [1, 2]) {
      for (let i = 0; i < 1_000; i++) {
        expect([round, ours(`10.0.${i >> 8}.${i & 255}`, 0), ours(`11.0.${i >> 8}.${i & 255}`, 0)]).toEqual([
          round,
          true,
          false,
        ]);
      }
    }
  });

  it('is nobody who has no address any more, as after a hang-up', () => {
    expect(trustIn(['127.0.0.1'])(undefined as unknown as string, 0)).toBe(false);
  });
});
