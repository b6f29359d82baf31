// Limits on the happy path: requests a minute and a day for each key, requests a minute for each address, counted in one
// SharedArrayBuffer that all server threads add to. Promises: synchronous, no allocation, no lock; exact within a process.
// The address table holds counts at hashed places, no address and no hash: two addresses that meet in both rows share a
// limit, which the generous default makes harmless. Failing keys are counted elsewhere (caller.ts), so a phone that is refused
// every five seconds takes nothing away from its neighbours behind the same NAT.
import { DAY_MS, MINUTE_MS } from '../time/spans.ts';
import { type AddressHash, type AddressSeed, hashAddress } from './address.ts';

/** Int32 columns of one key's row. Minute columns pack a 12-bit minute and a 20-bit count; days alternate between two columns. */
const COLUMN = {
  minute: 0,
  dayEven: 1,
  dayOdd: 2,
  elsewhereMinute: 3,
  elsewhereDayEven: 4,
  elsewhereDayOdd: 5,
} as const;
const COLUMNS = 8;
const COUNT_BITS = 20;
const COUNT_MASK = (1 << COUNT_BITS) - 1;
/** Highest limit of a minute: a count stops at the widest, so a limit must lie below it to be passed. */
export const MAX_PER_MINUTE = COUNT_MASK - 1;
const ADDRESS_SLOTS = 1 << 16;

/** What limits a key; null = no limit of that sort, `perMinute` up to MAX_PER_MINUTE. `slot` is its row in the shared table. */
export type KeyLimits = {
  readonly slot: number;
  readonly perMinute: number | null;
  readonly dailyQuota: number | null;
};

/** What became of one request; one object per `Quotas`, overwritten by each `take`. */
export type Verdict = {
  refused: '' | 'minute' | 'day' | 'address';
  /** The tightest limit of the key, what is left of it, and seconds until it starts anew; limit 0 = the key has none. */
  limit: number;
  remaining: number;
  windowS: number;
  resetS: number;
};

export type Quotas = {
  /** Counts one request and says whether it may pass; `address` '' = not limited by address (address.ts says whose is not). */
  take(key: KeyLimits, address: string, nowMs: number): Verdict;
  /** Requests of a key counted by this process: in the running minute and in the running day. */
  counted(slot: number, nowMs: number): { minute: number; day: number };
  /** Writes what other replicas counted for a key, so that `take` adds it. */
  setElsewhere(slot: number, nowMs: number, minute: number, day: number): void;
  /** Clears tomorrow's day columns, and today's after a leap of the clock; called every minute, by one thread. */
  sweep(nowMs: number): void;
};

export function createQuotaMemory(keySlots: number): SharedArrayBuffer {
  return new SharedArrayBuffer((keySlots * COLUMNS + 2 * ADDRESS_SLOTS) * 4);
}

/** `addressPerMinute` 0 = addresses are not limited. */
export function openQuotas(memory: SharedArrayBuffer, seed: AddressSeed, addressPerMinute = 0): Quotas {
  const table = new Int32Array(memory);
  const addresses = table.length - 2 * ADDRESS_SLOTS;
  const hash: AddressHash = { a: 0, b: 0 };
  /** -1 = never. */
  let sweptDay = -1;
  const verdict: Verdict = { refused: '', limit: 0, remaining: 0, windowS: 0, resetS: 0 };

  function rowOf(slot: number): number {
    const row = slot * COLUMNS;
    if (!(row >= 0 && row + COLUMNS <= addresses)) throw new RangeError('no such key slot');
    return row;
  }

  function take(key: KeyLimits, address: string, nowMs: number): Verdict {
    const minute = Math.floor(nowMs / MINUTE_MS);
    verdict.refused = '';
    verdict.limit = 0;
    if (addressPerMinute > 0 && address !== '' && !hasRoom(address, minute)) {
      say('address', addressPerMinute, addressPerMinute, MINUTE_MS, nowMs);
      return verdict;
    }
    if (key.perMinute !== null) takeMinute(key.slot, key.perMinute, minute, nowMs);
    if (key.dailyQuota !== null && verdict.refused === '') takeDay(key.slot, key.dailyQuota, nowMs);
    return verdict;
  }

  function hasRoom(address: string, minute: number): boolean {
    hashAddress(address, seed, hash);
    const first = addInWindow(table, addresses + (hash.a % ADDRESS_SLOTS), minute);
    const second = addInWindow(table, addresses + ADDRESS_SLOTS + (hash.b % ADDRESS_SLOTS), minute);
    return first <= addressPerMinute || second <= addressPerMinute;
  }

  function takeMinute(slot: number, limit: number, minute: number, nowMs: number): void {
    const row = rowOf(slot);
    const used =
      addInWindow(table, row + COLUMN.minute, minute) + inMinute(table[row + COLUMN.elsewhereMinute], minute);
    say(used > limit ? 'minute' : '', limit, used, MINUTE_MS, nowMs);
  }

  function takeDay(slot: number, limit: number, nowMs: number): void {
    const row = rowOf(slot);
    const odd = Math.floor(nowMs / DAY_MS) & 1;
    const used = Atomics.add(table, row + COLUMN.dayEven + odd, 1) + 1 + table[row + COLUMN.elsewhereDayEven + odd];
    const left = limit - used;
    if (verdict.limit === 0 || left < verdict.remaining) say(left < 0 ? 'day' : '', limit, used, DAY_MS, nowMs);
  }

  function say(refused: Verdict['refused'], limit: number, used: number, windowMs: number, nowMs: number): void {
    verdict.refused = refused;
    verdict.limit = limit;
    verdict.remaining = Math.max(0, limit - used);
    verdict.windowS = windowMs / 1000;
    verdict.resetS = Math.ceil((windowMs - (nowMs % windowMs)) / 1000);
  }

  function clearDay(day: number): void {
    for (let row = 0; row < addresses; row += COLUMNS) {
      Atomics.store(table, row + COLUMN.dayEven + (day & 1), 0);
      Atomics.store(table, row + COLUMN.elsewhereDayEven + (day & 1), 0);
    }
  }

  return {
    take,
    counted(slot, nowMs) {
      const row = rowOf(slot);
      const odd = Math.floor(nowMs / DAY_MS) & 1;
      const minute = inMinute(Atomics.load(table, row + COLUMN.minute), Math.floor(nowMs / MINUTE_MS));
      return { minute, day: Atomics.load(table, row + COLUMN.dayEven + odd) };
    },
    setElsewhere(slot, nowMs, minute, day) {
      const row = rowOf(slot);
      const odd = Math.floor(nowMs / DAY_MS) & 1;
      const stamp = Math.floor(nowMs / MINUTE_MS);
      Atomics.store(table, row + COLUMN.elsewhereMinute, pack(stamp, Math.min(minute, COUNT_MASK)));
      Atomics.store(table, row + COLUMN.elsewhereDayEven + odd, day);
    },
    sweep(nowMs) {
      const today = Math.floor(nowMs / DAY_MS);
      clearDay(today + 1);
      // A machine that slept for two days, or whose clock was set, left a day in these columns that nobody cleared.
      if (sweptDay !== -1 && today !== sweptDay && today !== sweptDay + 1) clearDay(today);
      sweptDay = today;
    },
  };
}

function pack(minute: number, count: number): number {
  return (minute << COUNT_BITS) | count;
}

/** The count in a packed cell if it is of this minute, else 0. A cell left alone for exactly 4,096 minutes counts too much once. */
function inMinute(packed: number, minute: number): number {
  return packed >>> COUNT_BITS === (minute & 0xfff) ? packed & COUNT_MASK : 0;
}

/** Adds one to a packed cell, starting anew in a new minute, or other window of that number; stops at the widest count. Returns the count. */
export function addInWindow(table: Int32Array, at: number, minute: number): number {
  for (;;) {
    const before = Atomics.load(table, at);
    const count = Math.min(inMinute(before, minute) + 1, COUNT_MASK);
    if (Atomics.compareExchange(table, at, before, pack(minute, count)) === before) return count;
  }
}
