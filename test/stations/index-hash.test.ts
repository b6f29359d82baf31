import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hashArea, hashCell, hashMac, type IndexSeed, seedCheck } from '../../src/stations/index-hash.ts';
import { homeOf, SHARDS, shardOf, tagOf } from '../../src/stations/index-shards.ts';

const SEED: IndexSeed = [0x01234567, 0x76543210];

function mac(seed: IndexSeed, kind: number, address: number): string {
  const out = new Int32Array(2);
  hashMac(seed, kind, address, out, 0);
  return out.join();
}

function cell(radio: number, mcc: number, mnc: number, area: number, cellId: number): string {
  const out = new Int32Array(2);
  hashCell(SEED, radio, mcc, mnc, area, cellId, out, 0);
  return out.join();
}

test('every bit of a 48-bit address counts, also above 32', () => {
  const seen = new Set<string>([mac(SEED, 1, 0)]);
  for (let bit = 0; bit < 48; bit++) seen.add(mac(SEED, 1, 2 ** bit));
  expect(seen.size).toBe(49);
});

test('every bit of a cell identity counts, also the top four of a 36-bit one', () => {
  const seen = new Set<string>([cell(4, 1, 1, 1, 0)]);
  for (let bit = 0; bit < 36; bit++) seen.add(cell(4, 1, 1, 1, 2 ** bit));
  for (let bit = 1; bit < 24; bit++) seen.add(cell(4, 1, 1, 1 + 2 ** bit, 0));
  for (let n = 2; n < 1000; n++) seen.add(cell(4, n, 1, 1, 0)).add(cell(4, 1, n, 1, 0));
  for (const radio of [1, 2, 3]) seen.add(cell(radio, 1, 1, 1, 0));
  expect(seen.size).toBe(37 + 23 + 2 * 998 + 3);
});

test('the same number as Wi-Fi, Bluetooth and area hashes to different places', () => {
  const area = new Int32Array(2);
  hashArea(SEED, 1, 0, 0, 5, area, 0);
  expect(new Set([mac(SEED, 1, 5), mac(SEED, 2, 5), area.join(), cell(1, 0, 0, 5, 0)]).size).toBe(4);
});

test('another seed puts everything elsewhere, and its check value differs', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (n) => {
      const address = n % 2 ** 48;
      expect(mac(SEED, 1, address)).not.toBe(mac([SEED[0] ^ 1, SEED[1]], 1, address));
      expect(mac(SEED, 1, address)).not.toBe(mac([SEED[0], SEED[1] ^ 0x80000000], 1, address));
    }),
  );
  expect(seedCheck(SEED)).not.toBe(seedCheck([SEED[0], SEED[1] ^ 1]));
});

test('consecutive addresses spread evenly over shards, groups and tags', () => {
  const shards = new Float64Array(SHARDS);
  const groups = new Float64Array(100);
  const tags = new Float64Array(31);
  const out = new Int32Array(2);
  const n = 100_000;
  for (let i = 0; i < n; i++) {
    hashMac(SEED, 1, 0xa0b1c2000000 + i, out, 0);
    shards[shardOf(out[1])]++;
    groups[homeOf(out[0], 100)]++;
    tags[tagOf(out[1]) - 1]++;
  }
  for (const counts of [shards, groups, tags]) {
    const mean = n / counts.length;
    let chi2 = 0;
    for (const count of counts) chi2 += (count - mean) ** 2 / mean;
    // Mean of chi-square is its degrees of freedom, deviation sqrt(2 dof); tags are uneven by design (128 values on 31).
    expect(chi2 / counts.length).toBeLessThan(counts === tags ? 40 : 1.6);
  }
});
