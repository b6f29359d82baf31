// What a thread remembers within a tick, so that a repeated question costs no store: the finished answer for a token, an
// application and a purpose; which of its sources a phone lets us use; that a key is good. Promises: nothing is answered from
// here without a live lease, nor what somebody's change of mind has touched, nor beyond the tick or the token's end; nothing
// is kept whose reading began before the lease did, or before a change that came in while it was read (attack A11).
import { ALL_APPLICATIONS, applicationWord, deviceWord, type LeaseReader } from './lease-memory.ts';

/** A device that something is remembered of, for an application or for all; once forgotten it is so for every entry that names both. */
type Note = { forgotten: boolean; readonly application: number; next: Note | undefined };
type Entry<T> = { readonly note: Note; readonly untilMs: number; readonly value: T };

/** Where a reading of the store began; pass it to what is remembered from it. */
export type Reading = { readonly position: number; readonly wasLive: boolean };

type TickMemory<T> = {
  /**
   * What is remembered under these names, in this tick; null = ask the store. `name` is a token, or a key's id; `room` tells apart who
   * asks and what for, '' where it is the same to all.
   */
  find(room: string, name: string, tick: number, nowMs: number): T | null;
  begin(): Reading;
  /**
   * Remembers a value about a device (null = about nobody, forgotten with everybody) until `untilMs` or the tick's end; for an application
   * (null = for all): what another one was told yes or no makes no difference to it.
   */
  remember(
    reading: Reading,
    device: string | null,
    application: string | null,
    room: string,
    name: string,
    tick: number,
    untilMs: number,
    value: T,
  ): void;
};

/** Tokens' worth of answers at a time; a thread that knows more asks the store for the rest. */
const MAX_ENTRIES = 100_000;

export function createTickMemory<T>(lease: LeaseReader, maxEntries: number = MAX_ENTRIES): TickMemory<T> {
  let rooms = new Map<string, Map<string, Entry<T>>>();
  let notes = new Map<number, Note>();
  let entries = 0;
  let memoryTick = -1;
  let seen = lease.position();

  function clear(): void {
    rooms = new Map();
    notes = new Map();
    entries = 0;
  }

  function forget(device: number | null, application: number): void {
    if (device === null) {
      clear();
      return;
    }
    let kept: Note | undefined;
    for (let note = notes.get(device); note !== undefined; ) {
      const { next } = note;
      note.forgotten = isAffected(note.application, application);
      if (!note.forgotten) {
        note.next = kept;
        kept = note;
      }
      note = next;
    }
    if (kept === undefined) notes.delete(device);
    else notes.set(device, kept);
  }

  function noteOf(device: number, application: number): Note {
    const first = notes.get(device);
    for (let note = first; note !== undefined; note = note.next) if (note.application === application) return note;
    const note = { forgotten: false, application, next: first };
    notes.set(device, note);
    return note;
  }

  /** Forgets whom others were told to forget, and all of an earlier tick. */
  function catchUp(tick: number): void {
    if (lease.position() !== seen) seen = lease.since(seen, forget);
    if (tick === memoryTick) return;
    memoryTick = tick;
    clear();
  }

  return {
    find(room, name, tick, nowMs) {
      catchUp(tick);
      const entry = rooms.get(room)?.get(name);
      if (entry === undefined || entry.note.forgotten || nowMs >= entry.untilMs || !lease.isLive()) return null;
      return entry.value;
    },
    begin: () => ({ position: lease.position(), wasLive: lease.isLive() }),
    remember(reading, device, application, room, name, tick, untilMs, value) {
      catchUp(memoryTick);
      if (!reading.wasLive || tick !== memoryTick || entries >= maxEntries) return;
      const word = device === null ? -1 : deviceWord(device);
      const asked = applicationWord(application);
      let isTouched = false;
      lease.since(reading.position, (changed, by) => {
        isTouched ||= changed === null || (changed === word && isAffected(asked, by));
      });
      if (isTouched || !lease.isLive()) return;
      const note = noteOf(word, asked);
      let names = rooms.get(room);
      if (names === undefined) {
        names = new Map();
        rooms.set(room, names);
      }
      if (!names.has(name)) entries++;
      names.set(name, { note, untilMs, value });
    },
  };
}

/** True if what is remembered for one application is of a change for another: words of applicationWord. */
function isAffected(application: number, changed: number): boolean {
  return application === ALL_APPLICATIONS || changed === ALL_APPLICATIONS || application === changed;
}
