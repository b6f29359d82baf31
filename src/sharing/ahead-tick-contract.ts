// When a coarse state's tick is none that has begun: what those who read, keep and forget states agree on. Promises: two gateways
// whose clocks are up to a tick apart never say it of each other's, and one that is behind says it of nobody's, because the
// store's clock has to say so too.
import { TICK_MS } from '../privacy/coarse-state.ts';

/** SQL: true if `tick` is beyond the next one by the asker's clock, whose tick is `nowTick`, and by the store's. */
export const isAheadSql = (tick: string, nowTick: string): string =>
  `(${tick} > 1 + greatest(${nowTick}, floor(extract(epoch from now()) * 1000 / ${TICK_MS})))`;
