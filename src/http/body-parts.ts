// The parts of a body while they come in. Promises: memory of the order of the bytes that came, however small the parts are
// (Node keeps some 300 bytes beside each); says when there are more bytes than are read, or more parts than any client makes.

/** Smaller parts than this are copied together, into blocks of so many bytes. */
const SMALL_BYTES = 1024;
const BLOCK_BYTES = 16 * 1024;
/** After so many chunks their mean length tells whether somebody writes a body or keeps a parser busy: HTTP libraries send kilobytes. */
const FEW_CHUNKS = 2_000;
const LEAST_MEAN_BYTES = 16;

type BodyParts = {
  /** False once it is too much: nothing is kept from then on. */
  add(part: Buffer): boolean;
  /** All of it. */
  join(): Buffer;
  /** Keeps nothing of it. */
  drop(): void;
};

/** For at most `limitBytes`; `isChunked`: parts are chunks as the client chose them, not what the network made of its bytes. */
export function createBodyParts(limitBytes: number, isChunked: boolean): BodyParts {
  let parts: Buffer[] = [];
  let block: Buffer | null = null;
  let used = 0;
  let got = 0;
  let count = 0;
  let isOver = false;

  function endBlock(): void {
    if (block !== null) parts.push(block.subarray(0, used));
    block = null;
    used = 0;
  }

  function copy(part: Buffer): void {
    if (block !== null && used + part.length > block.length) endBlock();
    block ??= Buffer.allocUnsafeSlow(BLOCK_BYTES);
    used += part.copy(block, used);
  }

  function drop(): void {
    parts = [];
    block = null;
  }

  return {
    drop,
    add(part) {
      got += part.length;
      count++;
      isOver ||= got > limitBytes || (isChunked && count > FEW_CHUNKS && got < count * LEAST_MEAN_BYTES);
      if (isOver) {
        drop();
        return false;
      }
      if (part.length < SMALL_BYTES) copy(part);
      else {
        endBlock();
        parts.push(part);
      }
      return true;
    },
    join() {
      endBlock();
      return parts.length === 1 ? parts[0] : Buffer.concat(parts, got);
    },
  };
}
