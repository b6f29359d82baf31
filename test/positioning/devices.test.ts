import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createDeviceScratch, groupDevices } from '../../src/positioning/devices.ts';

/** As a thread has it: used for one request after another. */
const scratch = createDeviceScratch(64);

const group = (macs: readonly number[]) => {
  const device = new Int16Array(macs.length);
  const n = groupDevices(Float64Array.from(macs), macs.length, device, scratch);
  return { n, device: [...device] };
};

test.each([
  ["a router's two bands", [0x001122334450, 0x001122334451], 1],
  ['bands across a sixteen', [0x00112233445f, 0x001122334460], 1],
  ['a guest network up to fifteen on', [0x001122334450, 0x00112233445f], 1],
  ["a box's two radios, each the first of its sixteen", [0x001122334450, 0x001122334460], 1],
  ['one maker, two boxes', [0x001122334451, 0x001122334461], 2],
  ['one maker, two boxes further apart', [0x001122334450, 0x001122334461], 2],
  ['the same tail under another prefix of the maker', [0x001122334450, 0x0011aa334450], 1],
  ['the same tail, of a later network of the box,', [0x001122334451, 0x0011aa334450, 0x0011aa334451], 1],
  ['two boxes that a third shares tails with', [0x001122334451, 0x001155334454, 0x0011aa334451, 0x0011aa334454], 1],
  ['neighbouring numbers of two makers', [0x001122ffffff, 0x001123000000], 2],
])('%s count as %#', (_name, macs, expected) => {
  expect(group(macs).n).toBe(expected);
});

test('consecutive addresses do not chain into one box', () => {
  expect(group(Array.from({ length: 48 }, (_, i) => 0x001122334401 + i)).n).toBe(3);
});

test('boxes are the same for any order, and as a slow reading of the rule has them', () => {
  const mac = fc
    .tuple(fc.constantFrom(0x001122, 0x001123, 0xaabbcc), fc.integer({ min: 0, max: 80 }))
    .map(([p, t]) => p * 0x100_0000 + t);
  fc.assert(
    fc.property(fc.uniqueArray(mac, { minLength: 1, maxLength: 40 }), (macs) => {
      const sorted = [...macs].sort((a, b) => a - b);
      const boxOf = new Map(sorted.map((m, i) => [m, i]));
      const join = (one: number, other: number) => {
        const [kept, gone] = [boxOf.get(one)!, boxOf.get(other)!].sort((a, b) => a - b);
        for (const [m, box] of boxOf) if (box === gone) boxOf.set(m, kept);
      };
      let leader = -1;
      for (const m of sorted) {
        const isNear =
          leader >= 0 &&
          Math.floor(m / 2 ** 24) === Math.floor(leader / 2 ** 24) &&
          m - leader < (leader % 16 === 0 ? 17 : 16);
        if (isNear) join(leader, m);
        else leader = m;
        for (const s of sorted) if (s % 2 ** 24 === m % 2 ** 24) join(s, m);
      }
      const numbers = [...new Set(boxOf.values())].sort((a, b) => a - b);
      const fast = group(macs);
      expect(fast.n).toBe(numbers.length);
      expect(fast.device).toEqual(macs.map((m) => numbers.indexOf(boxOf.get(m)!)));
    }),
    { numRuns: 500 },
  );
});
