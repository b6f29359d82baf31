// Children who were found out (K3): sharing stops in the transaction that marks the device, everything is deleted within the
// hour unless a parent's verified consent arrives, and what is left is a hash of the token, by which the phone gets an empty
// export. Promises: the mark is in force on every replica before it is acknowledged; the last position goes at once; who has
// a parent's consent, or is no child any more, in the moment in which an erasure would begin is not erased.
import type { ClientBase } from 'pg';
import { FLAG } from '../devices/device-contract.ts';
import type { Random } from '../devices/device-key.ts';
import type { Device } from '../devices/profile.ts';
import { MINUTE_MS } from '../time/spans.ts';
import { beginErasure, type EraseDeps } from './erase-store.ts';
import { findLeaving } from './returned-store.ts';

/** Time for a parent's consent; with a job every minute the deletion is done well within the hour. */
export const GRACE_MS = 45 * MINUTE_MS;

/** Takes a device out of the counts that are not released yet. */
type ForgetVisits = (client: ClientBase, device: string) => Promise<void>;

/**
 * If the device is marked as a child's, it was never counted, and from now on a parent has GRACE_MS, if no parent's consent is in
 * force. In the transaction that finds that out: nothing of it is shown from then on.
 */
export async function startGrace(
  client: ClientBase,
  { id, flags, parental }: Pick<Device, 'id' | 'flags' | 'parental'>,
  nowMs: number,
  forgetVisits: ForgetVisits,
): Promise<void> {
  if ((flags & FLAG.child) === 0) return;
  // Also of a child that a parent speaks for: counting was not asked.
  await forgetVisits(client, id);
  const inForce = parental.filter(({ withdrawnAt }) => withdrawnAt === null || withdrawnAt > nowMs);
  // K4: a child's location ends at its region, unless its parent named precise positions.
  if (!inForce.some(({ precise }) => precise)) await client.query('delete from last_locations where device = $1', [id]);
  if (inForce.length > 0) return;
  await client.query('insert into child_marks (device, marked_at) values ($1, $2) on conflict do nothing', [id, nowMs]);
}

/** Marks a device as a child's. False if there is no such device. */
export async function markChild(deps: EraseDeps, device: string): Promise<boolean> {
  return await deps.inChain(async (client, chain) => {
    const nowMs = deps.now();
    const marked = await deps.changeDevice(
      client,
      chain,
      device,
      ({ flags }) => ((flags & FLAG.child) === 0 ? { flags: flags | FLAG.child } : null),
      'child',
      nowMs,
    );
    if (marked === null) return false;
    const forget: ForgetVisits = async () => await deps.forgetVisits?.(client, { device });
    await startGrace(client, marked, nowMs, forget);
    return true;
  });
}

const PARENT_CONSENTS = 'exists (select from parental_consents p where p.device = t.id and p.withdrawn_at is null)';
/** A child for whom nobody speaks. */
const ALONE = `t.flags & ${FLAG.child} <> 0 and not ${PARENT_CONSENTS}`;
/** At `$1`. */
const GRACE_OVER = `exists (select from child_marks m where m.device = t.id and m.marked_at <= $1::int8 - ${GRACE_MS})`;

/** How much a run does: `most` devices (absent: all that are due), until the signal aborts. */
export type Share = { readonly most?: number; readonly signal?: AbortSignal };

/**
 * The job: notes since when devices are marked, forgets marks that a parent has answered, and begins the erasure of those
 * nobody did in time: each is looked at again under the lock, because every one before it waits for the replicas, and a
 * consent that was acknowledged meanwhile holds. Returns how many erasures began.
 */
export async function eraseChildren(deps: EraseDeps, random: Random, share: Share = {}): Promise<number> {
  const nowMs = deps.now();
  await deps.pool.query(
    `insert into child_marks (device, marked_at) select t.id, $1 from devices t
     where t.flags & ${FLAG.erasing} = 0 and ${ALONE} on conflict do nothing`,
    [nowMs],
  );
  await deps.pool.query(
    `delete from child_marks m where not exists (select from devices t where t.id = m.device and ${ALONE})`,
  );
  return await eraseDue(deps, random, 'child', `${ALONE} and ${GRACE_OVER}`, share);
}

/** The job for phones nobody has used for so long that their time is over. `overdue`: SQL about a device `t` at `$1`. */
export async function eraseUnused(
  deps: EraseDeps,
  random: Random,
  overdue: string,
  share: Share = {},
): Promise<number> {
  return await eraseDue(deps, random, 'unused', overdue, share);
}

/** Devices found at once: one that was used since is looked at again within a second or so. */
const BATCH = 100;

/** `due`: SQL that is true of a device `t` at `$1` whose time has come. One that fails keeps nobody else's; rejects with the first of those. */
async function eraseDue(
  deps: EraseDeps,
  random: Random,
  cause: 'child' | 'unused',
  due: string,
  { most = Number.POSITIVE_INFINITY, signal }: Share,
): Promise<number> {
  // Begun ones are due no more.
  const passedOver: string[] = [];
  const sql = `select t.id from devices t where t.flags & ${FLAG.erasing} = 0 and (${due}) and t.id <> all($2) limit $3`;
  let begun = 0;
  const errors: unknown[] = [];
  for (let left = most; left > 0 && !signal?.aborted; ) {
    const { rows } = await deps.pool.query(sql, [deps.now(), passedOver, Math.min(left, BATCH)]);
    if (rows.length === 0) break;
    left -= rows.length;
    for (const { id } of rows) {
      if (signal?.aborted) break;
      try {
        const person = await findLeaving(deps.pool, deps.masters, id);
        if (person === null) throw new Error('a device whose time is over does not open');
        if (await beginErasure(deps, person, cause, random(16).toString('base64url'), due)) begun++;
        else passedOver.push(id);
      } catch (error) {
        errors.push(error);
        passedOver.push(id);
      }
    }
  }
  if (errors.length > 0) throw errors[0];
  return begun;
}
