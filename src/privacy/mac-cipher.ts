// Addresses of access points and beacons as the store keeps them: 48-bit numbers encrypted into other 48-bit numbers, so that
// a dump, a backup or a stolen disk tells nobody which access point stands where, while keys, joins and upserts go on working.
// FF1 of NIST SP 800-38G with AES-256, radix 2, 48 digits, ten rounds, and the use as tweak: the same address is another
// number among access points, among beacons and among requests for removal. Promises: a permutation of [0, 2^48); about
// 0.2 us an address in batches. Does not hide that two rows of one kind are the same station: keys must be equal to be keys.
import { createCipheriv, createHash, hkdfSync } from 'node:crypto';

/** What an address is kept for, as FF1's tweak; `row` is no address (row-names.ts). Never renumber: stores hold what these made. */
const TWEAK = { wifi: 1, bluetooth: 2, removal: 3, row: 4 } as const;
export type MacUse = keyof typeof TWEAK;

export type MacCipher = {
  /** The first `count` addresses (default: all), encrypted. Each must be a whole number in [0, 2^48). */
  seal(use: MacUse, macs: ArrayLike<number>, count?: number): Float64Array;
  /** The addresses that `seal` made these of. */
  open(use: MacUse, sealed: ArrayLike<number>, count?: number): Float64Array;
};

const ROUNDS = 10;
/** Half of an address: FF1's u = v = 24 binary digits. */
const HALF = 0x100_0000;
const HALF_MASK = HALF - 1;
const BLOCK_BYTES = 16;
/** Addresses worked on together: 32 KB of blocks, which stay in the first-level cache. */
const CHUNK = 2_048;
/** FF1's P: version, method, addition, radix 2, ten rounds, u, n, length of the tweak. */
const P = Buffer.from('0102010000020a180000003000000001', 'hex');

/** `stationKey` is the secret of that name; the cipher's own key is derived from it. */
export function createMacCipher(stationKey: Uint8Array): MacCipher {
  const key = new Uint8Array(hkdfSync('sha256', stationKey, '', 'honeyguide addresses', 32));
  // Without chaining and padding, one object turns any number of whole blocks into as many.
  const aes = createCipheriv('aes-256-ecb', key, null).setAutoPadding(false);
  // FF1's PRF chains P and one more block; what comes of P is the same every time.
  const prefix = aes.update(P);
  const blocks = Buffer.alloc(CHUNK * BLOCK_BYTES);
  const view = new DataView(blocks.buffer, blocks.byteOffset, blocks.byteLength);
  const left = new Int32Array(CHUNK);
  const right = new Int32Array(CHUNK);

  /** Fills the chunk's blocks with what does not change from round to round; returns the last word of each. */
  function begin(use: MacUse, count: number): number {
    const block = Buffer.from(prefix);
    block[0] ^= TWEAK[use];
    blocks.fill(block, 0, count * BLOCK_BYTES);
    return block.readInt32BE(12);
  }

  /** One round: `into` plus or minus the round function of `from`, element by element. */
  function round(number: number, sign: 1 | -1, into: Int32Array, from: Int32Array, count: number, word: number): void {
    const fixed = word ^ (number << 24);
    for (let i = 0; i < count; i++) view.setInt32(i * BLOCK_BYTES + 12, fixed ^ from[i]);
    const out = aes.update(count === CHUNK ? blocks : blocks.subarray(0, count * BLOCK_BYTES));
    const words = new DataView(out.buffer, out.byteOffset, out.byteLength);
    // FF1 adds the first d = 8 bytes as a number, modulo 2^24: the last three of them.
    for (let i = 0; i < count; i++) into[i] = (into[i] + sign * words.getInt32(i * BLOCK_BYTES + 4)) & HALF_MASK;
  }

  function permute(use: MacUse, numbers: ArrayLike<number>, total: number, sign: 1 | -1): Float64Array {
    const result = new Float64Array(total);
    for (let start = 0; start < total; start += CHUNK) {
      const count = Math.min(CHUNK, total - start);
      for (let i = 0; i < count; i++) {
        const number = numbers[start + i];
        left[i] = Math.floor(number / HALF);
        right[i] = number % HALF;
      }
      const word = begin(use, count);
      // The halves swap after each round; as ten is even, each ends where it began.
      for (let step = 0; step < ROUNDS; step++) {
        const number = sign === 1 ? step : ROUNDS - 1 - step;
        if (number % 2 === 0) round(number, sign, left, right, count, word);
        else round(number, sign, right, left, count, word);
      }
      for (let i = 0; i < count; i++) result[start + i] = left[i] * HALF + right[i];
    }
    return result;
  }

  return {
    seal: (use, macs, count = macs.length) => permute(use, macs, count, 1),
    open: (use, sealed, count = sealed.length) => permute(use, sealed, count, -1),
  };
}

/** What a store calls the key that its addresses are encrypted with: says nothing about the key, tells it from all others. */
export function stationKeyName(stationKey: Uint8Array): Buffer {
  return createHash('sha256').update('honeyguide station key').update(stationKey).digest().subarray(0, 8);
}
