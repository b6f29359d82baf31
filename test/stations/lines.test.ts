import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { inflated, lineBlocks, MAX_LINE_BYTES } from '../../src/stations/lines.ts';

async function* chunks(bytes: Uint8Array, sizes: number[]): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (let i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length];
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

async function linesOf(source: AsyncIterable<Uint8Array>): Promise<string[]> {
  const lines: string[] = [];
  for await (const { bytes, overlong } of lineBlocks(source)) {
    if (overlong) lines.push('(overlong)');
    else lines.push(...Buffer.from(bytes).toString().replace(/\n$/, '').split('\n'));
  }
  return lines;
}

describe('lines', () => {
  test('are the same however the stream is cut, gzip or not, at offsets that tell where they stood', async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 });
    const line = fc.oneof(fc.stringMatching(/^[a-z,\r]{0,30}$/), fc.constant('x'.repeat(MAX_LINE_BYTES + 10)));
    await fc.assert(
      fc.asyncProperty(
        fc.array(line, { minLength: 1, maxLength: 8 }),
        sizes,
        fc.boolean(),
        async (lines, cuts, gzip) => {
          const bytes = Buffer.from(`${lines.join('\n')}\n`);
          const scale = lines.some((text) => text.length > 100) ? 1000 : 1;
          const source = chunks(
            gzip ? gzipSync(bytes) : bytes,
            cuts.map((size) => size * (gzip ? 1 : scale)),
          );
          const seen: string[] = [];
          for await (const { bytes: block, start, overlong } of lineBlocks(inflated(source))) {
            if (overlong) {
              seen.push('(overlong)');
              expect(bytes.subarray(start, start + 10).toString()).toBe('x'.repeat(10));
            } else {
              expect(bytes.subarray(start, start + block.length).equals(block)).toBe(true);
              seen.push(...Buffer.from(block).toString().replace(/\n$/, '').split('\n'));
            }
          }
          // In one piece with its neighbours an overlong line may pass; readers refuse it then.
          expect(seen.map((text) => (text.length > MAX_LINE_BYTES ? '(overlong)' : text))).toEqual(
            lines.map((text) => (text.length > MAX_LINE_BYTES ? '(overlong)' : text)),
          );
        },
      ),
      { numRuns: 200 },
    );
  });

  test('begin after a byte order mark, and end without a line end', async () => {
    expect(await linesOf(chunks(Buffer.from('\ufeffa\nb'), [2]))).toEqual(['a', 'b']);
    expect(await linesOf(chunks(Buffer.from('\ufeffa'), [9]))).toEqual(['a']);
  });

  test('come from gzip members one after another', async () => {
    const two = Buffer.concat([gzipSync('a\n'), gzipSync('b\n')]);
    expect(await linesOf(inflated(chunks(two, [7])))).toEqual(['a', 'b']);
  });

  test('fail where they end in CR alone, which would make all of it one', async () => {
    const read = async (text: string) => await linesOf(chunks(Buffer.from(text), [text.length]));
    for (const text of ['radio,mcc\rLTE,204\r', `${'LTE,204\r'.repeat(20_000)}`])
      await expect(read(text)).rejects.toThrow('its lines end in CR alone: make them end in LF');
    for (const text of ['a\r\nb\rc', 'a\nb\rc', 'a\rb\nc', 'a\r', 'a\r\r\nb', 'a'])
      expect((await read(text)).join('\n')).toBe(text);
  });

  test('fail when gzip is cut short', async () => {
    const cut = gzipSync('abc\n'.repeat(1000)).subarray(0, 30);
    await expect(linesOf(inflated(chunks(cut, [8])))).rejects.toThrow(/unexpected end/i);
  });

  test('of 256 MB without an end of line, blown up from 256 kB, cost no memory', async () => {
    const bomb = Buffer.concat(Array.from({ length: 64 }, () => BOMB_PIECE));
    const before = process.memoryUsage();
    let peak = 0;
    let parts = 0;
    const source = (async function* () {
      for await (const part of inflated(chunks(bomb, [65_536]))) {
        if (parts++ % 100 === 0) {
          const now = process.memoryUsage();
          peak = Math.max(peak, now.heapUsed + now.external - before.heapUsed - before.external);
        }
        yield part;
      }
    })();
    expect(await linesOf(source)).toEqual(['(overlong)']);
    expect(peak).toBeLessThan(100_000_000);
  });
});

/** 4 MB of zeros, gzipped. */
const BOMB_PIECE = gzipSync(Buffer.alloc(4_194_304));
