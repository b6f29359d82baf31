// What is over in the map: learnt stations that nobody hears any more, who was told apart at one on a day that is past, rows
// without a position. Promises: a run does a bounded share of it; with nothing left, nothing. A gateway runs it every six hours,
// `honeyguide sweep` until all is done.
import type { Pool } from 'pg';
import { deleteEmpty } from '../stations/empty-store.ts';
import { forgetStations } from '../stations/forget-store.ts';
import { settleWitnesses } from '../stations/settle-store.ts';

/** Stations forgotten, stations whose witnesses were, and rows deleted in this run; stops when the signal aborts. */
type MapSwept = { readonly stations: number; readonly witnesses: number; readonly emptyRows: number };

export async function sweepMap(
  db: Pool,
  nowMs: number,
  forgetAfterDays: number,
  signal?: AbortSignal,
): Promise<MapSwept> {
  return {
    stations: await forgetStations(db, nowMs, forgetAfterDays, signal),
    witnesses: await settleWitnesses(db, nowMs, signal),
    emptyRows: await deleteEmpty(db, nowMs, signal),
  };
}

/** Runs it until nothing is left, or the signal aborts. Resolves with the sums, by name; what is 0 is absent. */
export async function sweepWholeMap(
  db: Pool,
  nowMs: number,
  forgetAfterDays: number,
  signal?: AbortSignal,
): Promise<Record<string, number>> {
  const sums: Record<string, number> = {};
  for (let done = 1; done > 0 && !signal?.aborted; ) {
    done = 0;
    for (const [what, n] of Object.entries(await sweepMap(db, nowMs, forgetAfterDays, signal))) {
      done += n;
      if (n > 0) sums[what] = (sums[what] ?? 0) + n;
    }
  }
  return sums;
}
