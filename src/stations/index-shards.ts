// The memory of the resident index: 256 shards by the top hash bits, each an open-addressed table in its own
// SharedArrayBuffer. A shard grows alone by a quarter, so no growth doubles the memory or blocks for long, and shards
// start at staggered sizes, so they do not all grow at once. Promises: rebuilding a shard never touches the old memory.
import {
  GROUP_BYTES,
  GROUP_SLOTS,
  GROUP_WORDS,
  OVERFLOWED,
  RECORD_WORDS,
  RECORDS_AT,
  TAG_MASK,
} from './index-layout.ts';

export const SHARDS = 256;
/** Fullest a shard gets before it grows. Above it, misses begin to cost a second group. */
const MAX_LOAD = 0.88;
const GROWTH = 1.25;
const MIN_GROUPS = 4;
/** Large blocks of glibc begin 16 bytes past a page; starting here puts every group on its own pair of cache lines. */
export const SHARD_OFFSET_BYTES = 112;

const TWO_32 = 2 ** 32;

/** Shard of a hash: its top 8 bits. */
export function shardOf(high: number): number {
  return high >>> 24;
}

/** Tag of a hash, 1-31, from 7 bits that neither shard, group nor `restOf` use. */
export function tagOf(high: number): number {
  return 1 + ((((high >>> 17) & 127) * 31) >>> 7);
}

/** The 17 hash bits that a record keeps beside the low word. */
export function restOf(high: number): number {
  return high & 0x1ffff;
}

/** First group to look in: monotone in the low hash, so that rebuilding a shard is one sweep through old and new. */
export function homeOf(low: number, groups: number): number {
  return Math.floor(((low >>> 0) * groups) / TWO_32);
}

export function groupsOf(view: Int32Array): number {
  return view.length / GROUP_WORDS;
}

/** Most stations a shard of that many groups holds before it grows; always leaves a free slot. */
export function shardLimit(groups: number): number {
  return Math.floor(groups * GROUP_SLOTS * MAX_LOAD);
}

/** Groups shard `shard` starts with when `expected` stations are to fit without growing, also four deviations over its share. */
export function initialGroups(expected: number, shard: number): number {
  const share = expected / SHARDS;
  const least = Math.max(MIN_GROUPS, (share + 4 * Math.sqrt(share)) / GROUP_SLOTS / MAX_LOAD);
  return Math.ceil(least * GROWTH ** (shard / SHARDS));
}

export function grownGroups(groups: number): number {
  return Math.max(groups + 1, Math.ceil(groups * GROWTH));
}

/** Groups that hold `count` stations at a load in the middle of the growth cycle. */
export function fittingGroups(count: number): number {
  return Math.max(MIN_GROUPS, Math.ceil((count / GROUP_SLOTS / MAX_LOAD) * Math.sqrt(GROWTH)));
}

export function createShard(groups: number): SharedArrayBuffer {
  return new SharedArrayBuffer(groups * GROUP_BYTES + SHARD_OFFSET_BYTES);
}

/** The words of a shard, without the bytes that align them. */
export function shardView(buffer: SharedArrayBuffer): Int32Array<SharedArrayBuffer> {
  return new Int32Array(buffer, SHARD_OFFSET_BYTES);
}

/** Copies every station of a shard into a fresh one of `groups` groups (enough for them), forgetting stale overflow marks. */
export function rebuildShard(from: Int32Array, groups: number): SharedArrayBuffer {
  const buffer = createShard(groups);
  const to = shardView(buffer);
  for (let base = 0; base < from.length; base += GROUP_WORDS) {
    let tags = from[base + 1] & TAG_MASK;
    for (let record = base + RECORDS_AT; tags !== 0; record += RECORD_WORDS, tags >>>= 5) {
      if ((tags & 31) !== 0) place(to, groups, tags & 31, from, record);
    }
  }
  return buffer;
}

/** Copies one record to the first free slot from its home on; the shard is not shared yet, so plainly. */
function place(to: Int32Array, groups: number, tag: number, from: Int32Array, record: number): void {
  let group = homeOf(from[record], groups);
  for (;;) {
    const base = group * GROUP_WORDS;
    const tags = to[base + 1];
    const slot = freeSlot(tags);
    if (slot >= 0) {
      const at = base + RECORDS_AT + slot * RECORD_WORDS;
      for (let word = 0; word < RECORD_WORDS; word++) to[at + word] = from[record + word];
      to[base + 1] = tags | (tag << (slot * 5));
      return;
    }
    to[base + 1] = tags | OVERFLOWED;
    group = group + 1 === groups ? 0 : group + 1;
  }
}

/** First empty slot of a group's tags, or -1. */
export function freeSlot(tags: number): number {
  for (let slot = 0; slot < GROUP_SLOTS; slot++) {
    if (((tags >>> (slot * 5)) & 31) === 0) return slot;
  }
  return -1;
}
