// How late a server thread's event loop is: for the metrics, and for turning work away that would be answered too late. Promises:
// measured from `begin` on. Building the app stands the loop still for a second on a slow machine; taken for lateness, that
// would have a thread refuse everybody in its first second, when nobody waits yet.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { CounterStripe } from '../http/counters.ts';

/** Event-loop delay past which an answer comes when Gecko has begun to ask anew (it tries every 5 s, times out at 60). */
const MAX_LOOP_DELAY_MS = 1_000;
const LOOP_RESOLUTION_MS = 10;
const LOOP_PERIOD_MS = 1_000;

export type LoopWatch = {
  /** To be called once, when the thread listens. */
  begin(): void;
  /** False before `begin`. */
  overloaded(): boolean;
  stop(): void;
};

export function watchLoop(counters: Pick<CounterStripe, 'loopDelay'>): LoopWatch {
  const loop = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
  let delayMs = 0;
  let timer: NodeJS.Timeout | undefined;
  return {
    begin() {
      loop.enable();
      timer = setInterval(() => {
        delayMs = Math.max(0, loop.mean / 1e6 - LOOP_RESOLUTION_MS);
        counters.loopDelay(delayMs, loop.percentile(99) / 1e6, loop.max / 1e6);
        loop.reset();
      }, LOOP_PERIOD_MS);
    },
    overloaded: () => delayMs > MAX_LOOP_DELAY_MS,
    stop() {
      clearInterval(timer);
      loop.disable();
    },
  };
}
