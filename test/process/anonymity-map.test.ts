import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { openAnonymityMap, SUPPRESSED } from '../../src/privacy/anonymity-map.ts';
import { encodeAnonymityMap } from '../../src/privacy/anonymity-map-file.ts';
import { keyOfCell, parentKey, resolutionOf } from '../../src/privacy/region-key.ts';
import { anonymityMapPath, loadAnonymityMap } from '../../src/process/anonymity-map.ts';
import { testFolder } from '../support/store.ts';

test('the maps that come along are found, strict is never finer, and a city is told more exactly than the sea', () => {
  const [standard, strict] = [loadAnonymityMap(undefined), loadAnonymityMap('strict')];
  expect([standard.k, strict.k]).toEqual([1_000, 5_000]);
  expect(standard.version).not.toBe(strict.version);
  const [fine, coarse] = [openAnonymityMap(standard.shared), openAnonymityMap(strict.shared)];
  expect(resolutionOf(fine.regionAt(52.09, 5.12))).toBe(7);
  expect(fine.regionAt(-48.9, -123.4)).toBe(SUPPRESSED);
  expect(coarse.size).toBeLessThan(fine.size);
});

test('a map that is missing, cut, changed, without its coarsest cells or for too few residents ends the start', () => {
  const folder = testFolder();
  const good = gunzipSync(readFileSync(anonymityMapPath(undefined)));
  const file = (name: string, bytes: Uint8Array) => {
    writeFileSync(join(folder, name), bytes);
    return join(folder, name);
  };
  const of = (names: number[], k = 1_000) =>
    gzipSync(encodeAnonymityMap({ k, source: 'x', names: Uint32Array.from(names).sort() }));
  const changed = Uint8Array.from(good);
  changed[good.length - 100] ^= 1;
  const cell = keyOfCell('871969466ffffff');
  const line = [2, 3, 4, 5, 6, 7].map((res) => parentKey(cell, res));

  expect(loadAnonymityMap(file('whole', of(line))).k).toBe(1_000);
  expect(() => loadAnonymityMap(join(folder, 'nothing'))).toThrow('cannot be read');
  expect(() => loadAnonymityMap(folder)).toThrow('cannot be read');
  expect(() => loadAnonymityMap(file('text', Buffer.from('h3,population')))).toThrow('damaged');
  expect(() => loadAnonymityMap(file('cut', gzipSync(good.subarray(0, -1))))).toThrow('damaged');
  expect(() => loadAnonymityMap(file('torn', gzipSync(good).subarray(0, -1000)))).toThrow('damaged');
  expect(() => loadAnonymityMap(file('changed', gzipSync(changed)))).toThrow('damaged');
  expect(() => loadAnonymityMap(file('hole', of(line.filter((_, i) => i > 0))))).toThrow('in no coarsest cell');
  expect(() => loadAnonymityMap(file('loose', of(line, 999)))).toThrow('fewer than 1000');
});
