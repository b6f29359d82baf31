// Whether this machine's clock may be gone by to forget and to end things. A gateway whose clock was set a year ahead (a dead battery,
// a wrong NTP server) would within the hour expire every consent and erase every phone, for good. Promises: what can't be undone
// waits while the store's clock says otherwise, and the log says so when that begins and ends (`honeyguide sweep` refuses); nothing else
// waits, so that a store whose own clock is wrong stops no gateway. On one machine both are the same clock, and nobody can tell.
import type { Pool } from 'pg';
import type { Logger } from 'pino';
import { HOUR_MS } from '../time/spans.ts';

/** More than clocks differ that anybody looks after; less than anything is kept. */
export const MAX_APART_MS = HOUR_MS;

/** Epoch ms by the clock of the store. */
export async function storeClock(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ ms: number }>(
    'select (extract(epoch from clock_timestamp()) * 1000)::float8 as ms',
  );
  return rows[0].ms;
}

/** How far this machine's clock, at `nowMs`, is ahead of the store's; 0 while they are near enough to go by. */
export function farAheadMs(nowMs: number, storeMs: number): number {
  const aheadMs = nowMs - storeMs;
  return Math.abs(aheadMs) <= MAX_APART_MS ? 0 : aheadMs;
}

/** Asked with the time by this machine's clock; rejects if the store does. */
export function createRightClock(
  readStoreMs: () => Promise<number>,
  log: Pick<Logger, 'info' | 'error'>,
): (nowMs: number) => Promise<boolean> {
  let wasRight = true;
  return async (nowMs) => {
    const storeMs = await readStoreMs();
    const aheadMs = nowMs - storeMs;
    const isRight = farAheadMs(nowMs, storeMs) === 0;
    const facts = { aheadS: Math.round(aheadMs / 1000) };
    if (wasRight && !isRight)
      log.error(facts, 'this clock and the store’s are hours apart: nothing is expired or forgotten');
    if (isRight && !wasRight) log.info(facts, 'this clock and the store’s agree again');
    wasRight = isRight;
    return isRight;
  };
}
