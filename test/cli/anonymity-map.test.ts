import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { latLngToCell } from 'h3-js';
import { describe, expect, test } from 'vitest';
import { encodeAnonymityMap } from '../../src/privacy/anonymity-map-file.ts';
import { keyOfCell, resolutionOf } from '../../src/privacy/region-key.ts';
import { readAnonymityMap } from '../../src/process/anonymity-map.ts';
import { runCommand } from '../support/command.ts';
import { testFolder } from '../support/store.ts';

describe('anonymity-map on the command line', () => {
  /** Towns on a line, each in a coarse cell of its own; `people` at each. */
  function density(folder: string, name: string, people: readonly number[]): string {
    const lines = people.map((count, i) => `${latLngToCell(40 + 0.02 * i, 5, 8)},${count}`);
    const file = join(folder, name);
    writeFileSync(file, ['h3,population', ...lines].join('\n'));
    return file;
  }
  async function json(...args: string[]) {
    const { exitCode, output } = await runCommand(['anonymity-map', ...args, '--json']);
    return { exitCode, ...(JSON.parse(output) as Record<string, unknown>) } as Record<string, unknown>;
  }

  test('builds, proves and describes a map of an operator, whose version is its content', async () => {
    const folder = testFolder();
    const people = Array.from({ length: 60 }, (_, i) => 300 + 97 * (i % 17));
    const figures = density(folder, 'a.csv', people);
    const file = join(folder, 'a.map');
    expect(await json('build', '--out', file, '--density', figures)).toMatchObject({ exitCode: 0, regionsUnderK: 0 });
    expect(await json('verify', file, '--density', figures)).toMatchObject({ exitCode: 0, holds: true });
    const stats = await json('stats', file);
    expect(stats).toMatchObject({ exitCode: 0, k: 1000, version: expect.stringMatching(/^[0-9a-f]{12}$/) });
    const levels = Object.values(stats.regionsByResolution as Record<string, number>);
    expect(levels.reduce((sum, count) => sum + count, 0)).toBe(stats.regions);
    expect(stats.version).toBe(readAnonymityMap(file).version);
  });

  test('verify fails on a map that somebody doctored, and says by what; of any it says what it costs', async () => {
    const folder = testFolder();
    const people = Array.from({ length: 60 }, (_, i) => 300 + 97 * (i % 17));
    const figures = density(folder, 'a.csv', people);
    const file = join(folder, 'a.map');
    await json('build', '--out', file, '--density', figures);
    const { names, k, source } = readAnonymityMap(file);
    const doctor = async (name: string, doctored: Iterable<number>) => {
      const bytes = encodeAnonymityMap({ k, source, names: Uint32Array.from(doctored).sort() });
      writeFileSync(join(folder, name), gzipSync(bytes));
      return json('verify', join(folder, name), '--density', figures);
    };
    const village = keyOfCell(latLngToCell(40, 5, 7));
    expect(names).not.toContain(village);
    const cut = await doctor('cut', [...names, village]);
    expect(cut).toMatchObject({ exitCode: 1, holds: false, uncovered: 0, crossingsUnderK: 0 });
    expect(Number(cut.regionsUnderK)).toBeGreaterThan(0);
    const empty = await doctor('empty', [...names, keyOfCell(latLngToCell(40, 5.3, 7))]);
    expect(empty).toMatchObject({ exitCode: 1, holds: false, regionsUnderK: 0, emptyRegions: 1, uncovered: 0 });
    const torn = await doctor(
      'torn',
      names.filter((name) => resolutionOf(name) > 2),
    );
    expect(torn).toMatchObject({ exitCode: 1, holds: false });
    expect(Number(torn.uncovered)).toBeGreaterThan(0);
    expect(torn.suppressedShare).toBeGreaterThan(0);
    const byItself = encodeAnonymityMap({ k: 1, source, names: Uint32Array.from([...names, village]).sort() });
    writeFileSync(join(folder, 'boast'), gzipSync(byItself));
    const boast = (...more: string[]) => json('verify', join(folder, 'boast'), '--density', figures, ...more);
    expect(await boast()).toMatchObject({ exitCode: 0, k: 1, holds: true });
    expect(await boast('--k', '1000')).toMatchObject({ exitCode: 1, k: 1000, holds: false });
    const { output } = await runCommand(['anonymity-map', 'verify', file, '--density', figures]);
    expect(output).toMatch(/p50 [\d.]+, p90 [\d.]+, p99 [\d.]+ km2/);
    expect(output).toMatch(/under K = 1000: 0;/);
    expect(output).toMatch(/told no region: 0\.000 % of residents/);
  });

  test('refuses a new version that would leave fewer than K told apart by the version before', async () => {
    const folder = testFolder();
    const [before, after] = [Array<number>(40).fill(1_000), Array<number>(40).fill(1_000)];
    // Two neighbours change places in size: each version is sound alone, together they split a town.
    for (let i = 0; i < 40; i++) after[i] = i % 2 === 0 ? 1_900 : 400;
    for (let i = 0; i < 40; i++) before[i] = i % 2 === 0 ? 400 : 1_900;
    const [first, second] = [join(folder, 'first'), join(folder, 'second')];
    const [old, now] = [density(folder, 'old.csv', before), density(folder, 'now.csv', after)];
    expect((await json('build', '--out', first, '--density', old)).exitCode).toBe(0);
    expect((await json('build', '--out', second, '--density', now)).exitCode).toBe(0);
    const crossed = await json('verify', second, '--density', now, '--previous', first);
    expect(crossed).toMatchObject({ exitCode: 1, holds: false, regionsUnderK: 0 });
    expect(crossed.crossingsUnderK).toBeGreaterThan(0);
    const third = join(folder, 'third');
    const built = await runCommand(['anonymity-map', 'build', '--out', third, '--density', now, '--previous', first]);
    expect(built).toMatchObject({ exitCode: 1, messages: expect.stringContaining('nothing was written') });
    expect((await json('stats', third)).exitCode).toBe(1);
  });

  test.each([
    ['is not there', null, /there is no file .*missing\.csv\.gz/],
    ['is cut short', gzipSync(`h3,population\n${'871fb4670ffffff,5\n'.repeat(500)}`).subarray(0, 60), /unexpected end/],
    ['is another', Buffer.from('h3,population\nhello\n'), /line 2 is no/],
    ['is empty', Buffer.alloc(0), /nobody lives there/],
    ['is no figures at all', Buffer.from('a host\n'), /nobody lives there/],
    ['has people in no cell', Buffer.from('h3,population\n87fffffffffffff,600\n'), /line 2 is no/],
    ['has more than there can be', Buffer.from('h3,population\n871fb4670ffffff,Infinity\n'), /line 2 is no/],
    ['has no lines', Buffer.alloc(70_000, 'a'), /a line has no end/],
  ])('says what is wrong with a file of figures that %s', async (_what, bytes, said) => {
    const figures = join(testFolder(), 'missing.csv.gz');
    if (bytes !== null) writeFileSync(figures, bytes);
    const out = join(testFolder(), 'never.map');
    const built = await runCommand(['anonymity-map', 'build', '--out', out, '--density', figures]);
    expect(built).toMatchObject({ exitCode: 1, output: '', messages: expect.stringMatching(said) });
  });

  test('figures are the same packed or not, with the ends of lines of either kind', async () => {
    const folder = testFolder();
    const people = Array.from({ length: 60 }, (_, i) => 300 + 97 * (i % 17));
    const plain = density(folder, 'a.csv', people);
    const packed = join(folder, 'a.csv.gz');
    writeFileSync(packed, gzipSync(readFileSync(plain, 'utf8').replaceAll('\n', '\r\n')));
    for (const [name, figures] of [
      ['plain', plain],
      ['packed', packed],
    ])
      await json('build', '--out', join(folder, name), '--density', figures);
    expect(readAnonymityMap(join(folder, 'packed')).version).toBe(readAnonymityMap(join(folder, 'plain')).version);
  });
});
