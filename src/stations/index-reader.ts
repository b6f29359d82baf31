// Look-ups in the resident index, from any thread, while the one writer writes. Promises: never a torn or mixed station
// (a seqlock per group), no lock, no allocation per call, and no hang: a reader that meets a writer put to sleep in the
// middle of a group sleeps too, a millisecond at a time, and after a second says miss.
// Batches hash every key, then touch every group, then probe, so that the cache misses of a batch overlap.
// Only the sequence word is read through Atomics (7 ns a call in V8); the second of its two reads depends by address on
// every word read in between, so that neither a compiler nor a weakly ordered processor can take it first.

import type { MessagePort } from 'node:worker_threads';
import { receiveMessageOnPort } from 'node:worker_threads';
import type { FoundStations, StationReader } from './index-contract.ts';
import { CONTROL, type StationIndexHandle, type StationIndexUpdate } from './index-handle.ts';
import { hashArea, hashCell, hashMac, isAreaKey, isCellId, isMacKey } from './index-hash.ts';
import {
  decodeRadius,
  degOf,
  detailOf,
  GROUP_WORDS,
  LINE_WORDS,
  MAX_DAY,
  OVERFLOWED,
  RECORD_WORDS,
  RECORDS_AT,
  SAMPLES_OF_CODE,
  TAG_LANES,
  TAG_MASK,
  TAG_TOPS,
} from './index-layout.ts';
import { homeOf, restOf, shardOf, shardView, tagOf } from './index-shards.ts';
import { CELL_ROW } from './look-up-contract.ts';

/** Keys hashed and touched ahead of probing; a core keeps about a dozen cache misses in flight. */
const BATCH = 32;
/** Looks at a group the writer is inside of before sleeping: a write takes well under a microsecond. */
const SPINS = 200;
const SLEEP_MS = 1;
const MAX_SLEEPS = 1000;
/** A zero the compiler cannot know: what it masks is used in the address of the next load, which so cannot come earlier. */
const NOUGHT = new Int32Array(1);

/** A StationReader that can be told of new memory; with a port it also catches up by itself at the next look-up. */
export type IndexReader = StationReader & { adopt(update: StationIndexUpdate): void };

/** Opens a reader of the index behind `handle`; `port` is the other end of the writer's `connect()`. */
export function openStationReader(handle: StationIndexHandle, port?: MessagePort): IndexReader {
  const seed = handle.seed;
  const control = new Int32Array(handle.control);
  const views = handle.shards.map(shardView);
  const adopted = new Int32Array(views.length).fill(handle.generation);
  const hashes = new Int32Array(BATCH * 2);
  const bases = new Int32Array(BATCH);
  /** Words 1-4 of the record last found, then the touched words' sum, which keeps the touching from being optimised away. */
  const found4 = new Int32Array(5);
  let seen = handle.generation;

  function adopt(update: StationIndexUpdate): void {
    for (const { shard, buffer } of update.shards) {
      if (adopted[shard] >= update.generation) continue;
      views[shard] = shardView(buffer);
      adopted[shard] = update.generation;
    }
    if (update.generation > seen) seen = update.generation;
  }

  function catchUp(): void {
    if (port === undefined) return;
    for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port))
      adopt(next.message);
  }

  // A thread without look-ups must let go of old memory too, hence also the listener; it doesn't keep the thread alive.
  port?.on('message', adopt);
  port?.unref();

  function write(out: FoundStations, i: number): void {
    const day = found4[2] & MAX_DAY;
    const evidence = found4[3];
    out.lat[i] = degOf(found4[0]);
    out.lon[i] = degOf(found4[1]);
    out.radiusM[i] = decodeRadius(evidence >>> 21);
    out.samples[i] = SAMPLES_OF_CODE[(evidence >>> 13) & 255];
    out.lastSeenDay[i] = day;
    out.flags[i] = (evidence >>> 10) & 7;
    out.detail[i] = detailOf(evidence);
  }

  function findOne(out: FoundStations, i: number): boolean {
    if (Atomics.load(control, CONTROL.generation) !== seen) catchUp();
    const view = views[shardOf(hashes[1])];
    const base = homeOf(hashes[0], view.length / GROUP_WORDS) * GROUP_WORDS;
    if (!probe(view, base, hashes[0], hashes[1], found4)) return false;
    write(out, i);
    return true;
  }

  /** Touches the groups of the first `length` hashes: loads that don't wait for each other. */
  function touch(length: number): void {
    let touched = 0;
    for (let j = 0; j < length; j++) {
      const view = views[shardOf(hashes[j * 2 + 1])];
      const base = homeOf(hashes[j * 2], view.length / GROUP_WORDS) * GROUP_WORDS;
      bases[j] = base;
      touched ^= view[base + 1] ^ view[base + LINE_WORDS];
    }
    found4[4] = touched;
  }

  /** Looks up the j-th hash that was touched, as slot i. */
  function findTouched(j: number, out: FoundStations, i: number): boolean {
    const high = hashes[j * 2 + 1];
    if (!probe(views[shardOf(high)], bases[j], hashes[j * 2], high, found4)) return false;
    write(out, i);
    return true;
  }

  return {
    findAll(keys, out, found) {
      if (Atomics.load(control, CONTROL.generation) !== seen) catchUp();
      const { kind, id, radio, mcc, mnc, area, count } = keys;
      for (let start = 0; start < count; start += BATCH) {
        const length = Math.min(count - start, BATCH);
        for (let j = 0; j < length; j++) {
          const i = start + j;
          if (kind[i] === CELL_ROW) hashCell(seed, radio[i], mcc[i], mnc[i], area[i], id[i], hashes, j * 2);
          else hashMac(seed, kind[i], id[i], hashes, j * 2);
        }
        touch(length);
        for (let j = 0; j < length; j++) {
          const i = start + j;
          const isKey =
            kind[i] === CELL_ROW ? isAreaKey(radio[i], mcc[i], mnc[i], area[i]) && isCellId(id[i]) : isMacKey(id[i]);
          found[i] = isKey && findTouched(j, out, i) ? 1 : 0;
        }
      }
    },
    findMacs(kind, macs, count, out, found) {
      if (Atomics.load(control, CONTROL.generation) !== seen) catchUp();
      let hits = 0;
      for (let start = 0; start < count; start += BATCH) {
        const length = Math.min(count - start, BATCH);
        for (let j = 0; j < length; j++) hashMac(seed, kind, macs[start + j], hashes, j * 2);
        touch(length);
        for (let j = 0; j < length; j++) {
          const i = start + j;
          found[i] = isMacKey(macs[i]) && findTouched(j, out, i) ? 1 : 0;
          hits += found[i];
        }
      }
      return hits;
    },
    findCell(radio, mcc, mnc, area, cellId, out, i) {
      if (!isAreaKey(radio, mcc, mnc, area) || !isCellId(cellId)) return false;
      hashCell(seed, radio, mcc, mnc, area, cellId, hashes, 0);
      return findOne(out, i);
    },
    findArea(radio, mcc, mnc, area, out, i) {
      if (!isAreaKey(radio, mcc, mnc, area)) return false;
      hashArea(seed, radio, mcc, mnc, area, hashes, 0);
      return findOne(out, i);
    },
    size: () => Atomics.load(control, CONTROL.size),
    adopt,
  };
}

/**
 * Looks from the group at `base` on; on a hit writes record words 1-4 to `into` and returns true. Tags are compared six at
 * a time: the lowest lane that `equal` marks is an equal tag, higher ones may be borrows, which the key words sort out.
 */
function probe(view: Int32Array, base: number, low: number, high: number, into: Int32Array): boolean {
  const lanes = tagOf(high) * TAG_LANES;
  const rest = restOf(high);
  let at = base;
  let sleeps = 0;
  let spins = 0;
  for (;;) {
    const sequence = view[at];
    if ((sequence & 1) !== 0) {
      if (++spins <= SPINS) continue;
      if (++sleeps > MAX_SLEEPS) return false;
      Atomics.wait(view, at, sequence, SLEEP_MS);
      continue;
    }
    const from = at + (sequence & NOUGHT[0]);
    const tags = view[from + 1];
    let read = tags;
    const differ = (tags & TAG_MASK) ^ lanes;
    let hit = false;
    for (let equal = (differ - TAG_LANES) & ~differ & TAG_TOPS; equal !== 0; equal &= equal - 1) {
      const slot = ((31 - Math.clz32(equal & -equal)) * 13) >> 6;
      const record = from + RECORDS_AT + slot * RECORD_WORDS;
      const first = view[record];
      const third = view[record + 3];
      read ^= first ^ third;
      if (first !== low || third >>> 15 !== rest) continue;
      const lat = view[record + 1];
      const lon = view[record + 2];
      const evidence = view[record + 4];
      read ^= lat ^ lon ^ evidence;
      into[0] = lat;
      into[1] = lon;
      into[2] = third;
      into[3] = evidence;
      hit = true;
      break;
    }
    if (view[at + (read & NOUGHT[0])] !== sequence) continue;
    if (hit) return true;
    if ((tags & OVERFLOWED) === 0) return false;
    at = at + GROUP_WORDS === view.length ? 0 : at + GROUP_WORDS;
    if (at === base) return false;
  }
}
