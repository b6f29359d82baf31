// What the gateway counts of itself: answers by route, outcome and source, a latency histogram, each thread's event-loop
// delay. One stripe of a SharedArrayBuffer per server thread, written by that thread only, so counting is a plain addition;
// the main thread sums the stripes when somebody asks (metrics.ts). A restarted thread goes on with its stripe.
// No label holds anything that came with a request.
import type { Refusal, RefusalKind } from './refusal.ts';

const ROUTES = ['geolocate', 'country', 'other', 'submit'] as const;
const OUTCOMES = [
  'located',
  'stored',
  'notLocated',
  'malformed',
  'tooLarge',
  'keyInvalid',
  'quota',
  'unavailable',
  'bug',
] as const;
export const SOURCES = ['none', 'gps', 'wifi', 'bluetooth', 'cell', 'area', 'ip', 'fused', 'country'] as const;
export type Outcome = (typeof OUTCOMES)[number];

const OUTCOME_OF: Readonly<Record<RefusalKind, Outcome>> = {
  malformed: 'malformed',
  unauthenticated: 'keyInvalid',
  notPermitted: 'keyInvalid',
  wrongPurpose: 'keyInvalid',
  unauthorisedSource: 'malformed',
  notLocated: 'notLocated',
  unknownDevice: 'notLocated',
  noRoute: 'malformed',
  wrongMethod: 'malformed',
  tooLarge: 'tooLarge',
  quota: 'quota',
  unavailable: 'unavailable',
  bug: 'bug',
};

/** What a refusal is counted as. */
export function outcomeOf({ kind }: Refusal): Outcome {
  return OUTCOME_OF[kind];
}

/** Upper bounds of the latency buckets in seconds; the last bucket is open. */
export const LATENCY_BOUNDS_S = [
  0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5,
] as const;

export const ROUTE = { geolocate: 0, country: 1, other: 2, submit: 3 } as const;
const BUCKETS = LATENCY_BOUNDS_S.length + 1;
const ANSWERS_AT = 0;
const BUCKETS_AT = ROUTES.length * OUTCOMES.length * SOURCES.length;
const SECONDS_AT = BUCKETS_AT + ROUTES.length * BUCKETS;
const LOOP_AT = SECONDS_AT + ROUTES.length;
const STRIPE = Math.ceil((LOOP_AT + 3) / 8) * 8;

export type CounterStripe = {
  /** One answer: route index, outcome, index of its source in SOURCES (0 = none), milliseconds it took. */
  answered(route: number, outcome: Outcome, source: number, tookMs: number): void;
  /** The thread's event-loop delay over the last period, milliseconds. */
  loopDelay(meanMs: number, p99Ms: number, maxMs: number): void;
};

export function createCounterMemory(threads: number): SharedArrayBuffer {
  return new SharedArrayBuffer(threads * STRIPE * 8);
}

const OUTCOME_INDEX = Object.fromEntries(OUTCOMES.map((name, i) => [name, i])) as Readonly<Record<Outcome, number>>;

export function openStripe(memory: SharedArrayBuffer, thread: number): CounterStripe {
  const cells = new Float64Array(memory, thread * STRIPE * 8, STRIPE);
  return {
    answered(route, outcome, source, tookMs) {
      cells[ANSWERS_AT + (route * OUTCOMES.length + OUTCOME_INDEX[outcome]) * SOURCES.length + source]++;
      let bucket = 0;
      while (bucket < BUCKETS - 1 && tookMs > LATENCY_BOUNDS_S[bucket] * 1000) bucket++;
      cells[BUCKETS_AT + route * BUCKETS + bucket]++;
      cells[SECONDS_AT + route] += tookMs / 1000;
    },
    loopDelay(meanMs, p99Ms, maxMs) {
      cells[LOOP_AT] = meanMs;
      cells[LOOP_AT + 1] = p99Ms;
      cells[LOOP_AT + 2] = maxMs;
    },
  };
}

/** Sums over all threads, and each thread's event-loop delay. */
export type CounterSums = {
  readonly answers: readonly { route: string; outcome: Outcome; source: string; count: number }[];
  /** Per route: answers in each bucket (not cumulative) and seconds in all. */
  readonly latency: readonly { route: string; buckets: number[]; sumS: number }[];
  readonly loops: readonly { meanMs: number; p99Ms: number; maxMs: number }[];
};

/** Reads all stripes; counts that are zero are left out. */
export function sumCounters(memory: SharedArrayBuffer): CounterSums {
  const cells = new Float64Array(memory);
  const threads = cells.length / STRIPE;
  const sum = (at: number) => {
    let total = 0;
    for (let t = 0; t < threads; t++) total += cells[t * STRIPE + at];
    return total;
  };
  const answers = [];
  let at = ANSWERS_AT;
  for (const route of ROUTES)
    for (const outcome of OUTCOMES)
      for (const source of SOURCES) {
        const count = sum(at++);
        if (count > 0) answers.push({ route, outcome, source, count });
      }
  const latency = ROUTES.map((route, r) => ({
    route,
    buckets: Array.from({ length: BUCKETS }, (_, b) => sum(BUCKETS_AT + r * BUCKETS + b)),
    sumS: sum(SECONDS_AT + r),
  }));
  const loops = Array.from({ length: threads }, (_, t) => {
    const loop = t * STRIPE + LOOP_AT;
    return { meanMs: cells[loop], p99Ms: cells[loop + 1], maxMs: cells[loop + 2] };
  });
  return { answers, latency, loops };
}
