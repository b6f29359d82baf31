// What time and the law make due: rows whose time is over go, erasures go on, children's data goes within the hour, requests
// nobody proved end. Promises: each step can fail without keeping the others from their turn at the next run; a run that is
// stopped goes on where it was. `sweepStore` is also `honeyguide sweep`: it does everything now, the hourly work too.
import type { Random } from '../devices/device-key.ts';
import { dropAgedRows } from '../disclosures/store.ts';
import { deleteOldKeys } from '../observations/day-keys.ts';
import { expireInbox } from '../observations/store.ts';
import { eraseChildren, eraseUnused } from '../rights/children-store.ts';
import { advanceErasures, compactKeys, type EraseDeps } from '../rights/erase-store.ts';
import { overdueSql, REGISTRY } from '../rights/registry.ts';
import { refuseUnproven } from '../rights/requests-store.ts';
import { sweepExpired } from '../rights/retention-store.ts';

export type RightsJobDeps = EraseDeps & { readonly random: Random };

/** Erasures since the run before, and some before that: one that could not have the table tries again. */
const COMPACT_MS = 6 * 3_600_000;

/** Erasures under way, and what was found out about children. Returns how many erasures were completed. */
export async function runErasures(deps: RightsJobDeps, signal?: AbortSignal): Promise<number> {
  await eraseChildren(deps, deps.random);
  return await advanceErasures(deps, signal);
}

/** Everything that is over, everywhere. Returns how many rows went, by table. */
export async function sweepStore(deps: RightsJobDeps, signal?: AbortSignal): Promise<Record<string, number>> {
  const nowMs = deps.now();
  const gone: Record<string, number> = {};
  gone.inbox = await expireInbox(deps.pool, nowMs, signal);
  gone.contributor_keys = await deleteOldKeys(deps.pool, nowMs);
  for (let n = 1; n > 0 && !signal?.aborted; gone.ledger = (gone.ledger ?? 0) + n)
    n = await dropAgedRows(deps.inChain, nowMs);
  await eraseUnused(deps, deps.random, overdueSql(REGISTRY.devices)!);
  await refuseUnproven(deps.pool, deps.masters, deps.random, nowMs);
  gone.devices = await runErasures(deps, signal);
  Object.assign(gone, await sweepExpired(deps.pool, nowMs, signal));
  await compactKeys(deps.pool, nowMs - COMPACT_MS);
  return Object.fromEntries(Object.entries(gone).filter(([, rows]) => rows > 0));
}
