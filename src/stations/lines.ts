// A stream of bytes as blocks of whole lines. Promises: bounded memory whatever comes (a line longer than the limit is
// dropped and reported, not kept), gzip recognised by its first bytes, a byte order mark skipped, LF and CRLF; a stream whose lines end
// in CR alone is refused, as all of it would be one line.
// Does not decode text: readers work on the bytes.

import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';

/** Longest line that is read: a station takes 60 to 400 bytes. */
export const MAX_LINE_BYTES = 65_536;
const LF = 10;
const CR = 13;
/** `code` of the error for a stream whose lines end in CR alone. */
export const CR_ALONE = 'ERR_CR_ALONE';

/**
 * `bytes` holds whole lines, each ended by LF (the last one of a stream perhaps not); `start` is the offset of the first in
 * the stream. `overlong` = one line stood there that was dropped; bytes is empty.
 */
type LineBlock = { bytes: Uint8Array; start: number; overlong: boolean };

/** The same bytes, inflated if they begin as gzip (1f 8b); members one after another are one stream. */
export async function* inflated(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const chunks = source[Symbol.asyncIterator]();
  let head = Buffer.alloc(0);
  while (head.length < 2) {
    const next = await chunks.next();
    if (next.done) break;
    head = Buffer.concat([head, next.value]);
  }
  const rest = (async function* () {
    try {
      yield head;
      for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield next.value;
    } finally {
      await chunks.return?.();
    }
  })();
  if (head[0] !== 0x1f || head[1] !== 0x8b) {
    yield* rest;
    return;
  }
  const input = Readable.from(rest, { objectMode: false });
  const gunzip = createGunzip({ chunkSize: 65_536 });
  input.on('error', (error) => gunzip.destroy(error));
  try {
    yield* input.pipe(gunzip);
  } finally {
    input.destroy();
    gunzip.destroy();
  }
}

/** Rejects a stream whose first line, which has no LF, is several that end in CR alone, as exports of old office programs have. */
function refuseCrAlone(line: Buffer): void {
  const at = line.indexOf(CR);
  if (at === -1 || at === line.length - 1) return;
  throw Object.assign(new Error('its lines end in CR alone: make them end in LF'), { code: CR_ALONE });
}

/** Cuts a stream at its line ends. Rejects if those are none. */
export async function* lineBlocks(source: AsyncIterable<Uint8Array>): AsyncGenerator<LineBlock> {
  let carry: Buffer = Buffer.alloc(0);
  /** Offset in the stream of what comes next: of carry, or of a line that is being dropped. */
  let start = 0;
  let dropped = 0;
  for await (const part of source) {
    let chunk: Buffer = Buffer.from(part.buffer, part.byteOffset, part.byteLength);
    if (dropped > 0) {
      const end = chunk.indexOf(LF);
      dropped += end === -1 ? chunk.length : end + 1;
      if (end === -1) continue;
      yield { bytes: chunk.subarray(0, 0), start, overlong: true };
      start += dropped;
      dropped = 0;
      chunk = chunk.subarray(end + 1);
    }
    const last = chunk.lastIndexOf(LF);
    if (last === -1) {
      carry = Buffer.concat([carry, chunk]);
      if (carry.length > MAX_LINE_BYTES) {
        if (start === 0) refuseCrAlone(carry);
        dropped = carry.length;
        carry = Buffer.alloc(0);
      }
      continue;
    }
    const bytes = Buffer.concat([carry, chunk.subarray(0, last + 1)]);
    carry = Buffer.from(chunk.subarray(last + 1));
    yield block(bytes, start);
    start += bytes.length;
  }
  if (start === 0) refuseCrAlone(carry);
  if (dropped > 0) yield { bytes: carry, start, overlong: true };
  else if (carry.length > 0) yield block(carry, start);
}

/** A block without the byte order mark that a stream may begin with. */
function block(bytes: Buffer, start: number): LineBlock {
  const marked = start === 0 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  return marked ? { bytes: bytes.subarray(3), start: 3, overlong: false } : { bytes, start, overlong: false };
}
