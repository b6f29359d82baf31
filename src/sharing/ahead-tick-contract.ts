// By which clock regions go from tick to tick, and when a coarse state's tick is none that has begun: what those who read, keep and
// forget states agree on. Promises: two gateways whose clocks are up to a tick apart never say it of each other's, and one
// that is behind says it of nobody's, because the store's clock has to say so too; one that is ahead begins no tick beyond
// the store's next, so that a tick has one region however far clocks are apart (attack: gateways that each take the other's
// tick for none that has begun let whoever asks them in turn move a phone's region 24 times in a minute).
import { TICK_MS } from '../privacy/coarse-state.ts';

/** The time (epoch ms) that regions go by on a gateway whose clock says `nowMs`: its own, as far as the store's next tick. */
export function regionTime(nowMs: number, storeMs: number): number {
  return Math.min(nowMs, (Math.floor(storeMs / TICK_MS) + 2) * TICK_MS - 1);
}

/** True if `tick` is beyond the next one by the time that regions go by, and by the store's. */
export function isAheadTick(tick: number, regionMs: number, storeMs: number): boolean {
  return tick > 1 + Math.floor(Math.max(regionMs, storeMs) / TICK_MS);
}

/** SQL: true if `tick` is beyond the next one by the asker's clock, whose tick is `nowTick`, and by the store's. */
export const isAheadSql = (tick: string, nowTick: string): string =>
  `(${tick} > 1 + greatest(${nowTick}, floor(extract(epoch from now()) * 1000 / ${TICK_MS})))`;
