// The one writer of the resident index. Promises: what upsert or remove did is in every reader's next look-up; readers in
// other threads never see half a station; a shard that fills grows alone and is published to all; memory stays under 30
// bytes a station from 100,000 stations on. Not for use from two threads: the feed is the only caller in a process.
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { MacKind } from './index-contract.ts';
import { CONTROL, CONTROL_BYTES, type StationIndexHandle, type StationIndexUpdate } from './index-handle.ts';
import { hashArea, hashCell, hashMac, type IndexSeed, isAreaKey, isCellId, isMacKey } from './index-hash.ts';
import {
  e7Of,
  GROUP_SLOTS,
  GROUP_WORDS,
  OVERFLOWED,
  packDay,
  packEvidence,
  RECORD_WORDS,
  RECORDS_AT,
} from './index-layout.ts';
import {
  createShard,
  fittingGroups,
  freeSlot,
  groupsOf,
  grownGroups,
  homeOf,
  initialGroups,
  rebuildShard,
  restOf,
  SHARDS,
  shardLimit,
  shardOf,
  shardView,
  tagOf,
} from './index-shards.ts';

/** What the index keeps of a station. lat, lon degrees; radiusM and samples 0 = unknown; detail -1 = unknown (index-contract.ts). */
export type IndexedStation = {
  lat: number;
  lon: number;
  radiusM: number;
  samples: number;
  lastSeenDay: number;
  flags: number;
  detail: number;
};

/** Memory of a shard and the number of stations in it. */
export type LoadedShard = { readonly buffer: SharedArrayBuffer; readonly count: number };

/** Upserts say false for an identity no index can hold or a position not on Earth (then nothing is changed). */
export type StationIndex = {
  upsertMac(kind: MacKind, mac: number, station: IndexedStation): boolean;
  upsertCell(radio: number, mcc: number, mnc: number, area: number, cellId: number, station: IndexedStation): boolean;
  upsertArea(radio: number, mcc: number, mnc: number, area: number, station: IndexedStation): boolean;
  /** Removals say whether the station was there. */
  removeMac(kind: MacKind, mac: number): boolean;
  removeCell(radio: number, mcc: number, mnc: number, area: number, cellId: number): boolean;
  removeArea(radio: number, mcc: number, mnc: number, area: number): boolean;
  size(): number;
  memoryBytes(): number;
  readonly seed: IndexSeed;
  /** For readers opened now. Tell them of later growth through `onGrow` and `adopt`, or use `connect`. */
  handle(): StationIndexHandle;
  /** A handle with a port that carries later growth; the port must be in the transfer list. */
  connect(): { handle: StationIndexHandle; port: MessagePort };
  /** Calls back with every update from now on; returns how to stop. */
  onGrow(listener: (update: StationIndexUpdate) => void): () => void;
  /** A shard as it is now, for the snapshot: read it in the writer's thread, before giving way to anything else. */
  shard(shard: number): LoadedShard;
  /** Takes over loaded shards (all of them, in order) in place of everything held. */
  replace(shards: readonly LoadedShard[]): void;
  clear(): void;
};

/** Creates an empty index, sized so that `expected` stations fit without growing. */
export function createStationIndex(options: { seed: IndexSeed; expected?: number }): StationIndex {
  const seed: IndexSeed = [options.seed[0] | 0, options.seed[1] | 0];
  const control = new SharedArrayBuffer(CONTROL_BYTES);
  const controls = new Int32Array(control);
  const listeners = new Set<(update: StationIndexUpdate) => void>();
  const views: Int32Array<SharedArrayBuffer>[] = [];
  const counts = new Int32Array(SHARDS);
  const removals = new Int32Array(SHARDS);
  const hash = new Int32Array(2);
  let generation = 0;
  for (let shard = 0; shard < SHARDS; shard++) {
    views.push(shardView(createShard(initialGroups(options.expected ?? 0, shard))));
  }

  /** Tells everyone of new memory; the generation rises last, so a reader that sees it finds the message at its port. */
  function publish(shards: StationIndexUpdate['shards']): void {
    for (const { shard, buffer } of shards) {
      views[shard] = shardView(buffer);
      removals[shard] = 0;
    }
    generation++;
    for (const listener of listeners) listener({ generation, shards });
    Atomics.store(controls, CONTROL.generation, generation);
  }

  function rebuild(shard: number, groups: number): void {
    publish([{ shard, buffer: rebuildShard(views[shard], groups) }]);
  }

  function setCount(shard: number, count: number): void {
    Atomics.add(controls, CONTROL.size, count - counts[shard]);
    counts[shard] = count;
  }

  function upsert(station: IndexedStation): boolean {
    const { lat, lon } = station;
    if (!(lat >= -90 && lat <= 90 && lon >= -180 && lon <= 180)) return false;
    const low = hash[0];
    const high = hash[1];
    const shard = shardOf(high);
    let record = findRecord(views[shard], low, high);
    const isNew = record < 0;
    if (isNew && counts[shard] >= shardLimit(groupsOf(views[shard]))) {
      rebuild(shard, grownGroups(groupsOf(views[shard])));
    }
    const view = views[shard];
    if (isNew) record = claimSlot(view, low);
    const header = headerOf(record);
    const sequence = view[header];
    Atomics.store(view, header, sequence + 1);
    Atomics.store(view, record, low);
    Atomics.store(view, record + 1, e7Of(lat));
    Atomics.store(view, record + 2, e7Of(lon));
    Atomics.store(view, record + 3, packDay(restOf(high), station.lastSeenDay));
    Atomics.store(view, record + 4, packEvidence(station.radiusM, station.samples, station.flags, station.detail));
    if (isNew) Atomics.store(view, header + 1, view[header + 1] | (tagOf(high) << (slotOf(record) * 5)));
    Atomics.store(view, header, sequence + 2);
    if (isNew) setCount(shard, counts[shard] + 1);
    return true;
  }

  function remove(): boolean {
    const shard = shardOf(hash[1]);
    const view = views[shard];
    const record = findRecord(view, hash[0], hash[1]);
    if (record < 0) return false;
    const header = headerOf(record);
    const sequence = view[header];
    Atomics.store(view, header, sequence + 1);
    Atomics.store(view, header + 1, view[header + 1] & ~(31 << (slotOf(record) * 5)));
    Atomics.store(view, header, sequence + 2);
    setCount(shard, counts[shard] - 1);
    // Overflow marks outlive what they were set for; after half a shard's worth of removals it is built anew, to fit.
    const slots = groupsOf(view) * GROUP_SLOTS;
    if (++removals[shard] * 2 > slots) rebuild(shard, fittingGroups(counts[shard]));
    return true;
  }

  function handle(): StationIndexHandle {
    return { seed, control, shards: views.map((view) => view.buffer), generation };
  }

  function onGrow(listener: (update: StationIndexUpdate) => void): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  function replace(shards: readonly LoadedShard[]): void {
    publish(shards.map(({ buffer }, shard) => ({ shard, buffer })));
    for (let shard = 0; shard < SHARDS; shard++) setCount(shard, shards[shard].count);
  }

  return {
    upsertMac(kind, mac, station) {
      if (!isMacKey(mac)) return false;
      hashMac(seed, kind, mac, hash, 0);
      return upsert(station);
    },
    upsertCell(radio, mcc, mnc, area, cellId, station) {
      if (!isAreaKey(radio, mcc, mnc, area) || !isCellId(cellId)) return false;
      hashCell(seed, radio, mcc, mnc, area, cellId, hash, 0);
      return upsert(station);
    },
    upsertArea(radio, mcc, mnc, area, station) {
      if (!isAreaKey(radio, mcc, mnc, area)) return false;
      hashArea(seed, radio, mcc, mnc, area, hash, 0);
      return upsert(station);
    },
    removeMac(kind, mac) {
      if (!isMacKey(mac)) return false;
      hashMac(seed, kind, mac, hash, 0);
      return remove();
    },
    removeCell(radio, mcc, mnc, area, cellId) {
      if (!isAreaKey(radio, mcc, mnc, area) || !isCellId(cellId)) return false;
      hashCell(seed, radio, mcc, mnc, area, cellId, hash, 0);
      return remove();
    },
    removeArea(radio, mcc, mnc, area) {
      if (!isAreaKey(radio, mcc, mnc, area)) return false;
      hashArea(seed, radio, mcc, mnc, area, hash, 0);
      return remove();
    },
    size: () => controls[CONTROL.size],
    memoryBytes: () => views.reduce((sum, view) => sum + view.buffer.byteLength, 0),
    seed,
    handle,
    connect() {
      const { port1, port2 } = new MessageChannel();
      const stop = onGrow((update) => port1.postMessage(update));
      port1.once('close', stop);
      port1.unref();
      return { handle: handle(), port: port2 };
    },
    onGrow,
    shard: (shard) => ({ buffer: views[shard].buffer, count: counts[shard] }),
    replace,
    clear() {
      replace(views.map((_, shard) => ({ buffer: createShard(initialGroups(0, shard)), count: 0 })));
    },
  };
}

/** First word of the record of a hash, or -1. Plain reads: only the writer's own thread changes the words. */
function findRecord(view: Int32Array, low: number, high: number): number {
  const tag = tagOf(high);
  const rest = restOf(high);
  const start = homeOf(low, groupsOf(view)) * GROUP_WORDS;
  let base = start;
  do {
    const tags = view[base + 1];
    for (let slot = 0; slot < GROUP_SLOTS; slot++) {
      if (((tags >>> (slot * 5)) & 31) !== tag) continue;
      const record = base + RECORDS_AT + slot * RECORD_WORDS;
      if (view[record] === low && view[record + 3] >>> 15 === rest) return record;
    }
    if ((tags & OVERFLOWED) === 0) return -1;
    base = base + GROUP_WORDS === view.length ? 0 : base + GROUP_WORDS;
  } while (base !== start);
  return -1;
}

/** First word of the first free record from a hash's home on, marking the full groups on the way as overflowed. */
function claimSlot(view: Int32Array, low: number): number {
  let base = homeOf(low, groupsOf(view)) * GROUP_WORDS;
  for (;;) {
    const tags = view[base + 1];
    const slot = freeSlot(tags);
    if (slot >= 0) return base + RECORDS_AT + slot * RECORD_WORDS;
    if ((tags & OVERFLOWED) === 0) Atomics.store(view, base + 1, tags | OVERFLOWED);
    base = base + GROUP_WORDS === view.length ? 0 : base + GROUP_WORDS;
  }
}

/** Header word of the group a record lies in. */
function headerOf(record: number): number {
  return record & ~(GROUP_WORDS - 1);
}

function slotOf(record: number): number {
  return ((record & (GROUP_WORDS - 1)) - RECORDS_AT) / RECORD_WORDS;
}
