// Which place in the resident index an identity has: HalfSipHash-1-3 keyed by a secret seed, so nobody who can submit
// stations can aim many of them at one group. Promises: every valid identity has its own input words (kind first, so
// kinds never meet); no allocation, no BigInt; two identities share all 62 bits the index keeps with chance 2^-62.
// Is no MAC of a message: both output words come from one finalisation, as nobody is ever shown them.

/** The secret the hash is keyed with: two int32 words, from a cryptographic source, the same for the life of a snapshot. */
export type IndexSeed = readonly [number, number];

/** Input kinds. Wi-Fi and Bluetooth are those of MAC_KIND; never renumber, snapshots carry the hashes. */
const KIND_CELL = 3;
const KIND_AREA = 4;
const FINAL_ROUNDS = 3;
const TWO_32 = 2 ** 32;

/**
 * HalfSipHash-1-3 over two or three words, without the length word (the kind in `w0` fixes the length).
 * Writes the 64 bits to out[at] (low) and out[at + 1] (high).
 */
function hashWords(
  seed: IndexSeed,
  w0: number,
  w1: number,
  w2: number,
  words: number,
  out: Int32Array,
  at: number,
): void {
  let v0 = seed[0] | 0;
  let v1 = (seed[1] ^ 0xee) | 0;
  let v2 = (seed[0] ^ 0x6c796765) | 0;
  let v3 = (seed[1] ^ 0x74656462) | 0;
  for (let i = 0; i < words; i++) {
    const word = i === 0 ? w0 : i === 1 ? w1 : w2;
    v3 ^= word;
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    v0 ^= word;
  }
  v2 ^= 0xee;
  for (let i = 0; i < FINAL_ROUNDS; i++) {
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
  }
  out[at] = v1 ^ v3;
  out[at + 1] = v0 ^ v2;
}

/** Hash of an address in [0, 2^48) of one kind (MAC_KIND). */
export function hashMac(seed: IndexSeed, kind: number, mac: number, out: Int32Array, at: number): void {
  hashWords(seed, (kind << 28) | Math.floor(mac / TWO_32), mac | 0, 0, 2, out, at);
}

/** Hash of a cell: radio < 8, mcc and mnc < 1000, area < 2^24, cellId < 2^36. */
export function hashCell(
  seed: IndexSeed,
  radio: number,
  mcc: number,
  mnc: number,
  area: number,
  cellId: number,
  out: Int32Array,
  at: number,
): void {
  const first = (KIND_CELL << 28) | (radio << 24) | (Math.floor(cellId / TWO_32) << 20) | (mcc * 1000 + mnc);
  hashWords(seed, first, area, cellId | 0, 3, out, at);
}

/** Hash of a location or tracking area. */
export function hashArea(
  seed: IndexSeed,
  radio: number,
  mcc: number,
  mnc: number,
  area: number,
  out: Int32Array,
  at: number,
): void {
  hashWords(seed, (KIND_AREA << 28) | (radio << 24) | (mcc * 1000 + mnc), area, 0, 2, out, at);
}

/** A value that tells seeds apart without giving the seed away (kind 0 is no identity's). */
export function seedCheck(seed: IndexSeed): number {
  const out = new Int32Array(2);
  hashWords(seed, 0, 0, 0, 2, out, 0);
  return out[0] >>> 0;
}

/** True if the numbers are those of an address; -1 (what parseMac says of junk) is not. */
export function isMacKey(mac: number): boolean {
  return mac >= 0 && mac < 0x1_0000_0000_0000;
}

/** True if the numbers fit the fields the hash gives them; anything else is in no index. */
export function isAreaKey(radio: number, mcc: number, mnc: number, area: number): boolean {
  return radio >= 1 && radio < 8 && mcc >= 0 && mcc < 1000 && mnc >= 0 && mnc < 1000 && area >= 0 && area < 0x100_0000;
}

/** True if the cell id fits its 36 bits. */
export function isCellId(cellId: number): boolean {
  return cellId >= 0 && cellId < 0x10_0000_0000;
}
