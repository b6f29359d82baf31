// How many strays an asker may ask about a day: known stations listed beside others that they do not stand beside. A phone
// hears one now and then (a router that moved away); who tests where somebody's access point stands, block by block, sends one
// with nearly every call (attack A10). Promises: synchronous, no lock, nothing allocated; the same stray of the same asker counts
// once a day; memory is bounded and shared by all threads, never written down, and holds counts and marks at places that a
// seed of this start hides: no address, no token, no station. Askers that meet share a budget; the table is wide enough.
import { DAY_MS } from '../time/spans.ts';
import { type AddressHash, type AddressSeed, hashAddress } from './address.ts';
import type { Caller } from './caller.ts';

/** Strays a day; 0 = no limit. */
export type StrayLimits = {
  /** Of one phone, by token: what it asks itself, and what each partner asks about it, apart. */
  readonly device: number;
  /** Of one address that asks with phones' keys: all phones behind it. */
  readonly address: number;
  /** Of a partner's key, beside a fiftieth of its look-ups that day. */
  readonly partnerKey: number;
};

/** Stations by MAC number, sorted, that stand elsewhere than a phone at `lat`, `lon` (degrees). */
type Strays = { count: number; readonly mac: Float64Array; lat: number; lon: number };

/** Of one look-up. */
export type HeardStrays = { readonly wifi: Strays; readonly bluetooth: Strays };

export type StrayBudget<Request> = {
  /** True if this asker has used up its strays of today: access points and beacons say nothing to it any more. */
  isSpent(caller: Caller, token: string | null, request: Request, nowMs: number): boolean;
  /** Counts one look-up, with the strays that were in it; one that is noted again right away is the same. */
  note(caller: Caller, token: string | null, request: Request, heard: HeardStrays, nowMs: number): void;
};

/**
 * Look-ups of a partner's key that earn it one stray more. Of real scans 1 in 200 holds one (Lisbon, 4,000 scans; none of 9,400 in a
 * library), of simulated ones up to 1 in 14, most of them again and again the same.
 */
const LOOK_UPS_A_STRAY = 50;
/** A grid of about a kilometre: a phone at home has one place, or two, for its neighbour that moved in from elsewhere. */
const PLACES_A_DEGREE = 100;

/** Wide enough for 10 million strays a day, as of some 2,000 million look-ups: a tally is then shared by 40. Together 6 MB. */
const TALLIES = 1 << 18;
const MARKS = 1 << 20;
/** Int32 words: one whether anybody is spent, two rows of tallies, marks, then day, look-ups and strays of each key. */
const ANY = 0;
const FIRST_ROW = 1;
const SECOND_ROW = FIRST_ROW + TALLIES;
const FIRST_MARK = SECOND_ROW + TALLIES;
const FIRST_KEY = FIRST_MARK + MARKS;
const KEY_WORDS = 3;
const [LOOK_UPS, STRAYS] = [1, 2];

/** Packed words: 12 bits of the day, 20 of the count. One left alone for exactly 4,096 days counts too much once. */
const COUNT_BITS = 20;
const COUNT_MASK = (1 << COUNT_BITS) - 1;

export function createStrayMemory(keySlots: number): SharedArrayBuffer {
  return new SharedArrayBuffer((FIRST_KEY + keySlots * KEY_WORDS) * 4);
}

/** `addressOf` is asked only where an address has to be looked at; '' = not limited. */
export function openStrayBudget<Request>(
  memory: SharedArrayBuffer,
  seed: AddressSeed,
  limits: StrayLimits,
  addressOf: (request: Request) => string,
): StrayBudget<Request> {
  const words = new Int32Array(memory);
  const asker: AddressHash = { a: 0, b: 0 };
  /** One request may be located by more and by less, and weighs once; all of it is located as at first. */
  let noted: Request | null = null;
  /** Of the last that was asked about. */
  let wasSpent = false;

  const isPartner = (caller: Caller) => caller.class === 'partner';

  /** A token in the hands of one partner, or of the phone: what a partner asks uses up nobody else's day (attack: to silence a phone). */
  function hashToken(caller: Caller, token: string): void {
    hashAddress(token, seed, asker);
    // Apart from addresses.
    const who = isPartner(caller) ? caller.slot + 1 : 0;
    asker.a = (asker.a ^ 0x5bd1e995 ^ Math.imul(who, 0x9e3779b1)) >>> 0;
    asker.b = (asker.b ^ Math.imul(who, 0x85ebca77)) >>> 0;
  }

  function isSpent(caller: Caller, token: string | null, request: Request, nowMs: number): boolean {
    // What it has just weighed itself is for those after it.
    if (request !== noted) wasSpent = isSpentBefore(caller, token, request, nowMs);
    return wasSpent;
  }

  function isSpentBefore(caller: Caller, token: string | null, request: Request, nowMs: number): boolean {
    const day = Math.floor(nowMs / DAY_MS);
    if (onDay(words[ANY], day) === 0) return false;
    if (token !== null && limits.device > 0) {
      hashToken(caller, token);
      if (tally(day) >= limits.device) return true;
    }
    if (isPartner(caller)) return limits.partnerKey > 0 && isKeySpent(caller.slot, day);
    return limits.address > 0 && hashAddressOf(request) && tally(day) >= limits.address;
  }

  function note(
    caller: Caller,
    token: string | null,
    request: Request,
    { wifi, bluetooth }: HeardStrays,
    nowMs: number,
  ): void {
    if (request === noted) return;
    noted = request;
    const day = Math.floor(nowMs / DAY_MS);
    if (isPartner(caller) && limits.partnerKey > 0) {
      beginDay(caller.slot, day);
      Atomics.add(words, keyWord(caller.slot) + LOOK_UPS, 1);
    }
    if (wifi.count > 0) charge(caller, token, request, wifi, day);
    if (bluetooth.count > 0) charge(caller, token, request, bluetooth, day);
  }

  function charge(caller: Caller, token: string | null, request: Request, strays: Strays, day: number): void {
    nameAsker(caller, token, request);
    if (!isNew(strays, day)) return;
    if (token !== null && limits.device > 0) {
      hashToken(caller, token);
      addToTally(day, limits.device);
    }
    if (isPartner(caller)) chargeKey(caller.slot, day);
    else if (limits.address > 0 && hashAddressOf(request)) addToTally(day, limits.address);
  }

  function chargeKey(slot: number, day: number): void {
    if (limits.partnerKey === 0) return;
    Atomics.add(words, keyWord(slot) + STRAYS, 1);
    if (isKeySpent(slot, day)) add(ANY, day);
  }

  /** False for an address that is not limited. */
  function hashAddressOf(request: Request): boolean {
    const address = addressOf(request);
    hashAddress(address, seed, asker);
    return address !== '';
  }

  /** Whose strays are told apart: of another asker's nobody learns whether they were asked about (attack: a router on its travels). */
  function nameAsker(caller: Caller, token: string | null, request: Request): void {
    if (token !== null) hashToken(caller, token);
    else if (isPartner(caller)) asker.a = asker.b = caller.slot;
    else hashAddressOf(request);
  }

  /** True once a day for the asker that was hashed last and these strays; an older mark may have to make room. */
  function isNew(strays: Strays, day: number): boolean {
    let a = mix(seed.a ^ asker.a, day, 0x9e3779b1);
    let b = mix(seed.b ^ asker.b, day, 0x85ebca77);
    const place = Math.round(strays.lat * PLACES_A_DEGREE) * 40_000 + Math.round(strays.lon * PLACES_A_DEGREE);
    a = mix(a, place, 0x9e3779b1);
    b = mix(b, place, 0x85ebca77);
    for (let i = 0; i < strays.count; i++) {
      const mac = strays.mac[i];
      const high = Math.floor(mac / 0x100_0000);
      a = mix(mix(a, high, 0x9e3779b1), mac - high * 0x100_0000, 0x9e3779b1);
      b = mix(mix(b, high, 0x85ebca77), mac - high * 0x100_0000, 0x85ebca77);
    }
    // Zero is a place where nothing was marked yet.
    const at = FIRST_MARK + ((a ^ (a >>> 13)) & (MARKS - 1));
    return Atomics.exchange(words, at, b | 1) !== (b | 1);
  }

  /** Counts of the asker that was hashed last; two that meet in one row do not in the other. */
  function tally(day: number): number {
    const first = onDay(words[FIRST_ROW + (asker.a & (TALLIES - 1))], day);
    return Math.min(first, onDay(words[SECOND_ROW + (asker.b & (TALLIES - 1))], day));
  }

  function addToTally(day: number, limit: number): void {
    const first = add(FIRST_ROW + (asker.a & (TALLIES - 1)), day);
    const second = add(SECOND_ROW + (asker.b & (TALLIES - 1)), day);
    if (Math.min(first, second) >= limit) add(ANY, day);
  }

  const keyWord = (slot: number) => FIRST_KEY + slot * KEY_WORDS;

  /** A look-up that another thread counts in just this moment may be lost. */
  function beginDay(slot: number, day: number): void {
    const at = keyWord(slot);
    if (words[at] === day) return;
    Atomics.store(words, at + LOOK_UPS, 0);
    Atomics.store(words, at + STRAYS, 0);
    Atomics.store(words, at, day);
  }

  function isKeySpent(slot: number, day: number): boolean {
    const at = keyWord(slot);
    return (
      words[at] === day && words[at + STRAYS] >= limits.partnerKey + Math.floor(words[at + LOOK_UPS] / LOOK_UPS_A_STRAY)
    );
  }

  /** Adds one to a packed word, starting anew on a new day; stops at the widest count. Returns the count. */
  function add(at: number, day: number): number {
    for (;;) {
      const before = Atomics.load(words, at);
      const count = Math.min(onDay(before, day) + 1, COUNT_MASK);
      if (Atomics.compareExchange(words, at, before, (day << COUNT_BITS) | count) === before) return count;
    }
  }

  return { isSpent, note };
}

/** The count in a packed word if it is of this day, else 0. */
function onDay(packed: number, day: number): number {
  return packed >>> COUNT_BITS === (day & 0xfff) ? packed & COUNT_MASK : 0;
}

function mix(state: number, word: number, factor: number): number {
  const mixed = Math.imul(state ^ word, factor);
  return mixed ^ (mixed >>> 15);
}
