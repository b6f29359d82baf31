// What commands of staff share: who runs them (STAFF_KEY), why (--reason), and what it takes to act. Promises: the act is in the
// audit chain before anything personal is read; without a key, a role or a reason nothing happens.
import { parseArgs } from 'node:util';
import { readMasterKeys } from '../config/master-keys.ts';
import { loadSecrets, secretsPath } from '../config/secrets.ts';
import { ledgerSubject } from '../devices/device-key.ts';
import { type MasterKeys, masterKeysOf } from '../devices/master-keys.ts';
import type { RightsJobDeps } from '../jobs/rights.ts';
import { eraseDepsOf, tagsOfIn } from '../process/rights.ts';
import { findPerson } from '../rights/erase-store.ts';
import type { TagsOf } from '../rights/held-store.ts';
import type { StaffAction } from '../rights/staff.ts';
import { type About, actAs, isUnstaffed } from '../rights/staff-store.ts';
import { isUuid } from '../rights/uuid.ts';
import type { Store } from '../storage/open.ts';
import { type CommandContext, UsageError } from './context.ts';
import { openInChain } from './in-chain.ts';

export type Desk = {
  readonly store: Store;
  readonly masters: MasterKeys;
  readonly erasing: RightsJobDeps;
  /** The tags under which somebody is counted. */
  readonly tagsOf: TagsOf;
  /** Runs `work` as whoever holds STAFF_KEY, under the ledger's lock; rejects if no role allows the action. */
  act<T>(
    action: Parameters<typeof actAs<T>>[2],
    reason: string | undefined,
    work: Parameters<typeof actAs<T>>[3],
    about?: About,
  ): Promise<T>;
};

export async function openDesk(context: CommandContext): Promise<Desk> {
  const store = await context.openStore();
  const secrets = loadSecrets(context.config, context.random);
  const inChain = await openInChain(context);
  const masters = masterKeysOf(readMasterKeys(secretsPath(context.config)));
  const { pool } = store;
  const setup = { pool, inChain, masters, pseudonymKey: secrets.pseudonymKey };
  return {
    ...{ store, masters },
    erasing: { ...eraseDepsOf(setup, context.now), random: context.random },
    tagsOf: tagsOfIn(setup),
    act(action, reason, work, about) {
      const { staffKey } = context.config;
      if (staffKey === undefined) throw new UsageError('STAFF_KEY must hold your personal key');
      return actAs({ inChain, now: context.now }, { key: staffKey, reason: reason ?? '' }, action, work, about);
    },
  };
}

/** For acts that take the ledger's lock themselves: only says who does what and why, first. */
export const announceOnly = async (): Promise<void> => {};

/** For commands that an operator without staff may run too: from the first of the staff on they need a key, a role and a reason. */
export async function announceIfStaffed(
  context: CommandContext,
  action: StaffAction,
  reason: string | undefined,
  about?: About,
): Promise<void> {
  if (await isUnstaffed((await context.openStore()).pool)) return;
  await (await openDesk(context)).act(action, reason, announceOnly, about);
}

/** Whose row an act is: the person of a device, which may have to be looked up first; nobody's if there is none of that id. */
export function aboutPerson(masters: MasterKeys, device: string | About<string | null>): About {
  return async (client) => {
    const id = typeof device === 'string' ? device : await device(client);
    const person = id === null || !isUuid(id) ? null : await findPerson(client, masters, id);
    return { subject: person === null ? null : ledgerSubject(person.key) };
  };
}

/** What commands about somebody's case take: what to do, to which one, why (--reason), and what its person is told (--say). */
export function readCase(args: string[]) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { reason: { type: 'string' }, say: { type: 'string' }, json: { type: 'boolean', default: false } },
  });
  const [verb, id, ...more] = positionals;
  if (more.length > 0) throw new UsageError('too many arguments');
  return { verb, id, values };
}

/** The text without the space around it. Throws a UsageError that says `name` is missing. */
export function given(text: string | undefined, name: string): string {
  if (text === undefined || text.trim() === '') throw new UsageError(`${name} is missing`);
  return text.trim();
}

/** Throws a UsageError that says how `what` has to be named. */
export function uuidOf(text: string | undefined, what: string): string {
  if (text === undefined || !isUuid(text)) throw new UsageError(`${what} must be named by its UUID`);
  return text;
}
