import { brotliCompressSync, constants, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  decodeJsonBody,
  INFLATED_LIMIT_BYTES,
  MALFORMED_BODY,
  OVERSIZED_BODY,
  simplifyContentType,
} from '../../src/http/tolerant-json.ts';

const json = (value: unknown) => Buffer.from(JSON.stringify(value));

test('reads any JSON value back, plain and packed in every way', () => {
  const packs = [
    [(b: Buffer) => b, undefined],
    [gzipSync, undefined],
    [gzipSync, 'GZIP'],
    [gzipSync, 'gzip, gzip'],
    [deflateSync, 'deflate'],
    [deflateRawSync, 'Deflate'],
    [brotliCompressSync, ' br '],
    [zstdCompressSync, 'zstd'],
    [(b: Buffer) => b, 'identity'],
    [(b: Buffer) => b, 'gzip'],
  ] as const;
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(...packs), (value, [pack, encoding]) => {
      const expected = JSON.parse(JSON.stringify(value));
      expect(decodeJsonBody(pack(json(value)), encoding)).toEqual(expected);
    }),
    { numRuns: 300 },
  );
});

test.each([
  ['nothing', Buffer.alloc(0), undefined],
  ['nothing, announced as gzip', Buffer.alloc(0), 'gzip'],
  ['nothing, announced as brotli', Buffer.alloc(0), 'br'],
  ['blanks', Buffer.from(' \r\n\t'), undefined],
  ['a byte order mark', Buffer.from([0xef, 0xbb, 0xbf]), undefined],
  ['nothing in gzip', gzipSync(''), 'gzip'],
])('%s means {}', (_name, bytes, encoding) => {
  expect(decodeJsonBody(bytes, encoding)).toEqual({});
});

test('drops a byte order mark before JSON', () => {
  expect(decodeJsonBody(Buffer.from('\ufeff{"a":1}'))).toEqual({ a: 1 });
});

test.each([
  ['iso-8859-1', 'latin1'],
  ['"ISO-8859-1"', 'latin1'],
  ['utf-16le', 'utf16le'],
  ['utf-8', 'utf8'],
  ['no-such-charset', 'utf8'],
] as const)('honours charset %s', (charset, encoding) => {
  const bytes = Buffer.from('{"name":"Zoë"}', encoding);
  expect(decodeJsonBody(bytes, undefined, `application/json; charset=${charset}`)).toEqual({ name: 'Zoë' });
});

test('of UTF-16 without a byte order the mark decides, and without one it is little-endian', () => {
  const little = Buffer.from('\ufeff{"name":"Zoë"}', 'utf16le');
  const big = Buffer.from(little).swap16();
  const read = (bytes: Buffer, charset: string) => decodeJsonBody(bytes, undefined, `text/plain; charset=${charset}`);
  for (const bytes of [little, big, little.subarray(2)]) expect(read(bytes, 'UTF-16')).toEqual({ name: 'Zoë' });
  // Whoever names the order is taken at the word.
  expect(read(big, 'utf-16be')).toEqual({ name: 'Zoë' });
  expect(read(big, 'utf-16le')).toBe(MALFORMED_BODY);
});

test.each([
  ['broken JSON', Buffer.from('{"a":'), undefined],
  ['a form', Buffer.from('a=1&b=2'), undefined],
  ['truncated gzip', gzipSync('{"a":1}').subarray(0, 15), 'gzip'],
  ['garbage after the gzip magic', Buffer.from([0x1f, 0x8b, 8, 0, 1, 2, 3]), undefined],
  ['garbage announced as brotli', Buffer.from('{"a":1}'), 'br'],
  ['garbage announced as deflate', Buffer.from('zzzzzz'), 'deflate'],
  ['text after the JSON', Buffer.from('{} {}'), undefined],
])('%s is malformed, not an exception', (_name, bytes, encoding) => {
  expect(decodeJsonBody(bytes, encoding)).toBe(MALFORMED_BODY);
});

test.each([
  ['gzip', gzipSync],
  ['deflate', deflateSync],
  ['br', brotliCompressSync],
  ['zstd', zstdCompressSync],
] as const)('a %s bomb is cut off at the limit', (encoding, pack) => {
  const bomb = pack(Buffer.alloc(4 * 1024 * 1024, 0x20));
  const before = process.memoryUsage().arrayBuffers;
  expect(decodeJsonBody(bomb, encoding)).toBe(OVERSIZED_BODY);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * INFLATED_LIMIT_BYTES);
});

test('arbitrary bytes under arbitrary labels never throw', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200 }),
      fc.option(fc.constantFrom('gzip', 'br', 'deflate', 'zstd', 'x', ''), { nil: undefined }),
      fc.string(),
      (bytes, encoding, type) => {
        decodeJsonBody(Buffer.from(bytes), encoding, type);
        decodeJsonBody(Buffer.concat([Buffer.from([0x1f, 0x8b]), bytes]), encoding, type);
      },
    ),
    { numRuns: 1000 },
  );
});

test.each([
  ['gzip', 'application/json'],
  ['', 'application/json'],
  [';;;', 'application/json'],
  ['text/plain', 'application/json'],
  ['text/plain; charset=latin1', 'application/json;charset=latin1'],
  ['application/json; charset=UTF-8', 'application/json'],
])('content type %j is handed on as %s', (sent, simple) => {
  const headers = { 'content-type': sent };
  simplifyContentType(headers);
  expect(headers['content-type']).toBe(simple);
});

test('a body by zstd asks for 4 MiB of window at most, whatever it says that it needs', () => {
  const packed = (windowLog: number) => {
    const params = { [constants.ZSTD_c_windowLog]: windowLog, [constants.ZSTD_c_contentSizeFlag]: 0 };
    return zstdCompressSync(Buffer.from('{"a":1}'.padEnd(9_000_000)), { params });
  };
  const read = (windowLog: number) => decodeJsonBody(packed(windowLog), 'zstd', undefined, 16_000_000);
  expect([read(22), read(23)]).toEqual([{ a: 1 }, MALFORMED_BODY]);
});
