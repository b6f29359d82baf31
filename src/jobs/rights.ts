// What time and the law make due: rows whose time is over go, erasures go on, children's data goes, requests that nobody proved
// end. Promises: a step that fails keeps none of the others from being done, and is told of when they are; a run that is
// stopped goes on where it was. `honeyguide sweep` does all of it at once, a gateway every hour; there erasures that time makes due begin by the
// thousand, every minute, so that many of them keep neither the rest nor each other's rows waiting.
import type { Random } from '../devices/device-key.ts';
import { dropAgedRows } from '../disclosures/store.ts';
import { deleteOldKeys } from '../observations/day-keys-store.ts';
import { expireInbox } from '../observations/store.ts';
import { eraseChildren, eraseUnused, type Share } from '../rights/children-store.ts';
import { advanceErasures, compactKeys, type EraseDeps } from '../rights/erase-store.ts';
import { overdueSql, REGISTRY } from '../rights/registry.ts';
import { refuseUnproven } from '../rights/requests-store.ts';
import { sweepExpired } from '../rights/retention-store.ts';
import { HOUR_MS } from '../time/spans.ts';

export type RightsJobDeps = EraseDeps & { readonly random: Random };

/** Erasures since the run before, and some before that: one that could not have the table tries again. */
const COMPACT_MS = 6 * HOUR_MS;

/** Begins the erasures of phones that nobody has used for so long. Resolves with how many. */
export async function eraseIdle(deps: RightsJobDeps, share: Share): Promise<number> {
  return await eraseUnused(deps, deps.random, overdueSql(REGISTRY.devices)!, share);
}

/** Everything that is over, everywhere; of erasures it begins `most` for each cause. Returns how many rows went, by table. */
export async function sweepStore(
  deps: RightsJobDeps,
  signal?: AbortSignal,
  most = Number.POSITIVE_INFINITY,
): Promise<Record<string, number>> {
  const nowMs = deps.now();
  const gone: Record<string, number> = {};
  const errors: unknown[] = [];
  async function step(work: () => Promise<unknown>): Promise<void> {
    if (signal?.aborted) return;
    await work().catch((error) => void errors.push(error));
  }
  await step(async () => {
    gone.inbox = await expireInbox(deps.pool, nowMs, signal);
  });
  await step(async () => {
    gone.contributor_keys = await deleteOldKeys(deps.pool, nowMs);
  });
  await step(async () => {
    for (let n = 1; n > 0 && !signal?.aborted; gone.ledger = (gone.ledger ?? 0) + n)
      n = await dropAgedRows(deps.inChain, nowMs);
  });
  await step(() => eraseIdle(deps, { most, signal }));
  await step(() => refuseUnproven(deps.pool, deps.masters, deps.random, nowMs));
  await step(() => eraseChildren(deps, deps.random, { most, signal }));
  await step(async () => {
    gone.devices = await advanceErasures(deps, signal);
  });
  await step(async () => Object.assign(gone, await sweepExpired(deps.pool, nowMs, signal)));
  await step(() => compactKeys(deps.pool, nowMs - COMPACT_MS));
  if (errors.length > 0) throw errors[0];
  return Object.fromEntries(Object.entries(gone).filter(([, rows]) => rows > 0));
}
