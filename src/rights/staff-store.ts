// Staff in the store and in the audit chain. Promises: nobody acts without a personal key of which only a hash is kept, a role
// that allows the action, and a reason; the act is a row of the ledger before anything is read or done, and so is a refusal.
// What the row says is who, what, to whom or to which thing, and why: people by their pseudonym alone, and the reason must name nobody.
import { createHash } from 'node:crypto';
import type { ClientBase, Pool } from 'pg';
import type { Random } from '../devices/device-key.ts';
import type { Chain, InChain } from '../disclosures/chain.ts';
import { KIND } from '../disclosures/entry.ts';
import { allows, isReason, type Role, type StaffAction, staffDetail } from './staff.ts';

/** What an act is about: somebody, by their pseudonym in the ledger; or a thing, by what is done to it and its id. */
type Matter = { readonly subject?: Buffer | null; readonly object?: string | null };
/**
 * Finds that, under the ledger's lock. Ids that somebody typed belong to something in the store, or are left out: of a device
 * whose id was given for something else the ledger would keep a trace that no erasure takes.
 */
export type About<T = Matter> = (client: ClientBase) => Promise<T>;
type Acting = { readonly key: string; readonly reason: string };
type StaffDeps = { readonly inChain: InChain; readonly now: () => number };
export class StaffRefused extends Error {}

const PREFIX = 'hgf_';
const hashKey = (key: string) => createHash('sha256').update(key).digest();

/** Adds somebody; the key is shown once. Rejects if somebody of that id is there. */
export async function addStaff(
  client: ClientBase | Pool,
  id: string,
  roles: readonly Role[],
  random: Random,
  nowMs: number,
): Promise<string> {
  const key = PREFIX + random(32).toString('base64url');
  const { rowCount } = await client.query(
    'insert into staff (id, roles, key_hash, added_at) values ($1, $2, $3, $4) on conflict do nothing',
    [id, roles, hashKey(key), nowMs],
  );
  if (rowCount !== 1) throw new StaffRefused('there is somebody of that id already');
  return key;
}

/**
 * From now on they may do nothing; `nobody` if they could not anyway. Under the ledger's lock. `lastAdmin` if no admin would remain,
 * and then nothing changes: somebody must be able to add the next one. Not even if nobody at all would remain: once there
 * was staff, its end does not open the command line to whoever has the shell.
 */
export async function endStaff(
  client: ClientBase,
  id: string,
  nowMs: number,
): Promise<'ended' | 'nobody' | 'lastAdmin'> {
  const { rows } = await client.query<{ id: string; roles: string[] }>(
    'select id, roles from staff where ended_at is null',
  );
  if (!rows.some((one) => one.id === id)) return 'nobody';
  if (!rows.some((one) => one.id !== id && allows(one.roles, 'staff'))) return 'lastAdmin';
  await client.query('update staff set ended_at = $2 where id = $1', [id, nowMs]);
  return 'ended';
}

export async function listStaff(
  db: Pool,
): Promise<{ id: string; roles: string[]; addedAt: number; endedAt: number | null }[]> {
  const { rows } = await db.query(
    'select id, roles, added_at::float8 as "addedAt", ended_at::float8 as "endedAt" from staff order by id',
  );
  return rows;
}

/** True while nobody is there: the first one, an admin, needs nobody's leave. */
export async function isUnstaffed(db: Pool | ClientBase): Promise<boolean> {
  return (await db.query('select not exists (select from staff) as none')).rows[0].none === true;
}

/**
 * Adds the first of the staff, who needs nobody's leave; null if somebody is there already. Looked at under the ledger's lock, as every
 * act of staff is (attack: two who add an admin to a new store at once, of whom the owner knows one).
 */
export function addFirstStaff(
  { inChain, now }: StaffDeps,
  id: string,
  roles: readonly Role[],
  random: Random,
): Promise<string | null> {
  return inChain(async (client, chain) => {
    if (!(await isUnstaffed(client))) return null;
    const key = await addStaff(client, id, roles, random, now());
    const act = { staff: '(shell)', allowed: true, action: 'staff', object: `add ${id} ${roles.join(',')}` };
    chain.append({ at: now(), kind: KIND.staff, detail: staffDetail({ ...act, reason: 'the first of the staff' }) });
    return key;
  });
}

/** For acts about nobody and nothing in particular, such as lists. */
const ABOUT_NOTHING: About = async () => ({});

/**
 * Runs `work` as the holder of the key if a role allows the action (of several, the first that one allows), in the ledger's order, after a row that says so, and about
 * what. Rejects with StaffRefused otherwise, with a row about that too where it is known who tried.
 */
export async function actAs<T>(
  { inChain, now }: StaffDeps,
  { key, reason }: Acting,
  action: StaffAction | readonly [StaffAction, ...StaffAction[]],
  work: (client: ClientBase, chain: Chain, staff: string, as: StaffAction) => Promise<T>,
  about: About = ABOUT_NOTHING,
): Promise<T> {
  if (!isReason(reason))
    throw new StaffRefused(
      'a reason of 8 to 200 characters is needed, which names nobody: no device, no token, no number of a case',
    );
  const outcome = await inChain(async (client, chain) => {
    const { rows } = await client.query('select id, roles, ended_at from staff where key_hash = $1', [hashKey(key)]);
    if (rows.length === 0) return { refused: true } as const;
    // Who has left and tries all the same is known, and is somebody to ask.
    const { id, ended_at } = rows[0];
    const roles = ended_at === null ? rows[0].roles : [];
    const actions = typeof action === 'string' ? ([action] as const) : action;
    const allowed = actions.find((one) => allows(roles, one));
    const { subject = null, object = null } = await about(client);
    const act = { staff: id, allowed: allowed !== undefined, action: allowed ?? actions[0], object };
    chain.append({ at: now(), kind: KIND.staff, subject, detail: staffDetail({ ...act, reason: reason.trim() }) });
    return allowed ? { done: await work(client, chain, id, allowed) } : ({ refused: true } as const);
  });
  if ('refused' in outcome) throw new StaffRefused('not permitted: no role of this key allows that');
  return outcome.done;
}
