import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeAnonymityMap, encodeAnonymityMap } from '../../src/privacy/anonymity-map-file.ts';

const maps = fc.record({
  k: fc.integer({ min: 1, max: 100_000 }),
  source: fc.string({ maxLength: 40 }),
  names: fc
    .uniqueArray(fc.nat({ max: 2 ** 28 - 1 }), { maxLength: 300 })
    .map((names) => Uint32Array.from(names).sort()),
});

describe('the file of an anonymity map', () => {
  test('gives back what was put in, and the same bytes for the same map', () => {
    fc.assert(
      fc.property(maps, (map) => {
        const bytes = encodeAnonymityMap(map);
        expect(decodeAnonymityMap(bytes)).toEqual({ ...map, version: expect.stringMatching(/^[0-9a-f]{12}$/) });
        expect(encodeAnonymityMap(map)).toEqual(bytes);
      }),
    );
  });

  test('names its partition by content: another one never has the same version, another label has', () => {
    const versionOf = (names: number[], k = 1_000, source = 'x') =>
      decodeAnonymityMap(encodeAnonymityMap({ k, source, names: Uint32Array.from(names) }))!.version;
    expect(versionOf([1, 2, 3])).toBe(versionOf([1, 2, 3], 5_000, 'y'));
    expect(new Set([[1, 2, 3], [1, 2], [1, 2, 4], []].map((names) => versionOf(names))).size).toBe(4);
  });

  test('tells any flipped byte of the regions, any cut and any other file', () => {
    fc.assert(
      fc.property(maps, fc.nat(), fc.integer({ min: 1, max: 255 }), (map, where, flip) => {
        const bytes = Uint8Array.from(encodeAnonymityMap(map));
        expect(decodeAnonymityMap(bytes.subarray(0, where % bytes.length))).toBeNull();
        const body = bytes.indexOf(10, bytes.indexOf(10) + 1) + 1;
        if (body === bytes.length) return;
        bytes[body + (where % (bytes.length - body))] ^= flip;
        expect(decodeAnonymityMap(bytes)).toBeNull();
      }),
    );
    expect(decodeAnonymityMap(Buffer.from('h3,population\n'))).toBeNull();
    expect(decodeAnonymityMap(Buffer.from('honeyguide anonymity map 1\n{"k":0}\n'))).toBeNull();
  });
});
