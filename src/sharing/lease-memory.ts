// What the main thread tells the server threads about memory, in memory that they share: until when they may answer from what
// they remember, and whom to forget. Promises: reading is synchronous and costs no more than a few loads; a thread that
// missed so much that it can't tell forgets everybody; nothing of a device is in here but 48 bits of its random id, nothing of an application
// but a hash.
// Time is counted on two clocks, a monotonic one and the wall's, and the first that has run out ends the lease: a machine
// that was suspended stops the monotonic one, one whose clock is set moves the other.

/** Both in milliseconds, the same for all threads of the process. */
export type Clocks = { monotonicMs(): number; wallMs(): number };

const WORD = { monotonicUntil: 0, wallUntil: 1, published: 2 } as const;
const RING_AT = 4;
/** Changes that a thread may be behind before it forgets everybody. */
const RING = 1024;
/** Two for a device, one for an application. */
const SLOT_WORDS = 3;
const BASE_BYTES = 16;
/** 32 bits of this last for 248 days of a process; past that nothing is answered from memory. */
const UNIT_MS = 10;
const EVERYBODY = -1;
export const ALL_APPLICATIONS = 0;

export function createLeaseMemory(clocks: Clocks): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(BASE_BYTES + 4 * (RING_AT + SLOT_WORDS * RING));
  const bases = new Float64Array(memory, 0, 2);
  bases[0] = clocks.monotonicMs();
  bases[1] = clocks.wallMs();
  return memory;
}

export type LeaseWriter = {
  /** Has every thread forget a device, or everybody (null), before it next answers from memory; for an application, if one is named. */
  forget(device: string | null, application?: string | null): void;
  /** Lets threads answer from memory until both clocks read less than this. */
  hold(monotonicMs: number, wallMs: number): void;
  /** Ends the lease at once. */
  end(): void;
};

/** One a process. */
export function openLeaseWriter(memory: SharedArrayBuffer): LeaseWriter {
  const [monotonicBase, wallBase] = new Float64Array(memory, 0, 2);
  const words = new Int32Array(memory, BASE_BYTES);
  const units = (ms: number) => Math.max(0, Math.min(0x7fff_ffff, Math.floor(ms / UNIT_MS)));
  function hold(monotonicMs: number, wallMs: number): void {
    Atomics.store(words, WORD.monotonicUntil, units(monotonicMs - monotonicBase));
    Atomics.store(words, WORD.wallUntil, units(wallMs - wallBase));
  }
  return {
    forget(device, application = null) {
      const published = words[WORD.published];
      const at = RING_AT + SLOT_WORDS * (published & (RING - 1));
      const word = device === null ? EVERYBODY : deviceWord(device);
      Atomics.store(words, at, device === null ? EVERYBODY : Math.floor(word / 2 ** 24));
      Atomics.store(words, at + 1, device === null ? EVERYBODY : word % 2 ** 24);
      Atomics.store(words, at + 2, applicationWord(application));
      Atomics.store(words, WORD.published, (published + 1) | 0);
    },
    hold,
    end() {
      Atomics.store(words, WORD.monotonicUntil, 0);
    },
  };
}

export type LeaseReader = {
  /** True while what is remembered may be answered. Ask after looking it up, last of all. */
  isLive(): boolean;
  /** How many changes were published so far; wraps. */
  position(): number;
  /** Tells of every change since `position`: a word of deviceWord, or null for everybody, and one of applicationWord. Returns the new position. */
  since(position: number, tell: (device: number | null, application: number) => void): number;
};

export function openLeaseReader(memory: SharedArrayBuffer, clocks: Clocks): LeaseReader {
  const [monotonicBase, wallBase] = new Float64Array(memory, 0, 2);
  const words = new Int32Array(memory, BASE_BYTES);
  const position = () => Atomics.load(words, WORD.published);
  return {
    position,
    isLive: () =>
      clocks.monotonicMs() - monotonicBase < Atomics.load(words, WORD.monotonicUntil) * UNIT_MS &&
      clocks.wallMs() - wallBase < Atomics.load(words, WORD.wallUntil) * UNIT_MS,
    since(from, tell) {
      const to = position();
      if (from === to) return to;
      const told: (readonly [device: number | null, application: number])[] = [];
      for (let at = from; at !== to && told.length <= RING; at = (at + 1) | 0) {
        const slot = RING_AT + SLOT_WORDS * (at & (RING - 1));
        const high = Atomics.load(words, slot);
        const device = high === EVERYBODY ? null : high * 2 ** 24 + Atomics.load(words, slot + 1);
        told.push([device, Atomics.load(words, slot + 2)]);
      }
      // The writer may have gone round the ring before or while we read; one slot more is the one it may be writing.
      const isLost = ((position() - from) | 0) < 0 || ((position() - from) | 0) >= RING;
      if (isLost) tell(null, ALL_APPLICATIONS);
      else for (const [device, application] of told) tell(device, application);
      return to;
    },
  };
}

/** The first 48 bits of a random UUID. */
export function deviceWord(device: string): number {
  return Number.parseInt(device.slice(0, 8) + device.slice(9, 13), 16);
}

/** 32 bits of an application's name (FNV-1a); of two that meet both are forgotten. ALL_APPLICATIONS for null. */
export function applicationWord(application: string | null): number {
  if (application === null) return ALL_APPLICATIONS;
  let word = 0x811c9dc5;
  for (let i = 0; i < application.length; i++) word = Math.imul(word ^ application.charCodeAt(i), 0x01000193);
  return (word | 0) === ALL_APPLICATIONS ? 1 : word | 0;
}
