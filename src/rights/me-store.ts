// What a person's requests do in the store: each is one function of a device, its own transaction, and a row that says it was
// asked. Promises: restriction, objection and erasure are decided in the ledger's order and in force on every replica before
// they resolve; what needs proof does nothing without it; recipients of what is corrected, restricted or erased are told.
import type { ClientBase, Pool } from 'pg';
import { FLAG } from '../devices/device-contract.ts';
import { ledgerSubject, type Random } from '../devices/device-key.ts';
import type { Presented as PresentedDevice } from '../devices/profile.ts';
import type { Chain } from '../disclosures/chain.ts';
import { KIND } from '../disclosures/entry.ts';
import { TICK_MS } from '../privacy/coarse-state.ts';
import { rowNamesOf } from '../privacy/row-names.ts';
import { isAheadSql } from '../sharing/ahead-tick-contract.ts';
import { transact } from '../storage/transaction.ts';
import { DAY_MS } from '../time/spans.ts';
import { openChallenge, type Person, takeProof } from './challenges-store.ts';
import { CopyEnded } from './copy-ended.ts';
import { type RecipientName, readCopy } from './copy-store.ts';
import { type Disclosed, SHOWN_KINDS } from './disclosure-words.ts';
import { beginErasure, type EraseDeps, isSuppressed } from './erase-store.ts';
import type { HeldPage, TagsOf } from './held-store.ts';
import { notifyRecipients } from './notices-store.ts';
import type { ProofAction } from './proof.ts';
import { inTimeSql } from './registry.ts';
import type { RequestKind } from './request.ts';
import { addRequest, changeRequest, findRequest, listRequests, type StoredRequest } from './requests-store.ts';
import { type ToldHold, toldHoldOfToken } from './told-holds-store.ts';

type RightsDeps = EraseDeps & {
  readonly random: Random;
  readonly newId: () => string;
  readonly tagsOf: TagsOf;
};
/** A device as the token's hook found it. */
export type Presented = Pick<PresentedDevice, 'id' | 'key' | 'flags' | 'tokenHash'>;

/** Past any row's number. */
const LAST = Number.MAX_SAFE_INTEGER;
const DONE = [{ kind: 'start' }, { kind: 'finish' }] as const;

/** A phone that was erased, for whatever cause: its token is good for one answer, which is a copy of nothing. */
export type Suppressed = { readonly suppressed: true; readonly held: ToldHold | null };

export type Outcome = { readonly request: StoredRequest } | 'gone';
export type Rectification = { readonly field: string; readonly value?: unknown; readonly statement?: string };
/** `finish`, once the pages were read: everybody who was shown something or may be by a grant. */
type Copy = { readonly pages: AsyncIterable<HeldPage>; readonly finish: () => Promise<RecipientName[]> };
export type Rights = ReturnType<typeof createRights>;

export function createRights(deps: RightsDeps) {
  const { pool, inChain, random, now, newId } = deps;

  return {
    challenge: (device: Presented, action: ProofAction) => openChallenge(personOf(device), action, now(), random),

    prove: (device: Presented, action: ProofAction, header: unknown) =>
      takeProof(pool, personOf(device), action, header, now()),

    /** Of a token of a device that was erased, what law still holds of it; null of any other. */
    async suppressed(tokenHash: Uint8Array): Promise<Suppressed | null> {
      if (!(await isSuppressed(pool, deps.markerKey, tokenHash, now()))) return null;
      return { suppressed: true, held: await toldHoldOfToken(pool, deps.markerKey, tokenHash, now()) };
    },

    /**
     * A copy: pages to be read to their end, then `finish`, which writes down that it was asked for and done, and resolves
     * with everybody who was named in them.
     */
    export(device: Presented): Copy {
      const nowMs = now();
      const person = personOf(device);
      const { pages, recipients } = readCopy(pool, person, nowMs, deps.tagsOf);
      const isGood = () => isTokenGood(pool, device, now());
      async function finish(): Promise<RecipientName[]> {
        const names = await recipients();
        await whileThere(pool, device, (client) => noteAccess(deps, client, person, nowMs));
        return names;
      }
      return { pages: whileGood(pages, isGood), finish };
    },

    restrict: (device: Presented) => setFlag(deps, device, FLAG.restricted, true, 'restriction', 'restricted'),
    lift: (device: Presented) => setFlag(deps, device, FLAG.restricted, false, 'lifting', 'restrictionLifted'),
    object: (device: Presented) => setFlag(deps, device, FLAG.objected, true, 'objection', 'objectedToCounts'),
    takeBackObjection: (device: Presented) =>
      setFlag(deps, device, FLAG.objected, false, 'objection', 'objectionTakenBack'),

    /** Writes down that something was asked for and waits for proof; asked for again, it is the same request. */
    async await(device: Presented, kind: 'rectification' | 'erasure', asked: unknown): Promise<Outcome> {
      const person = personOf(device);
      return await whileThere(pool, device, async (client) => {
        const nowMs = now();
        const all = await listRequests(client, person, nowMs);
        const waiting = all.find((one) => one.kind === kind && one.state === 'identity');
        const events = [{ kind: 'askProof' }] as const;
        return { request: waiting ?? (await addRequest(client, person, newId(), kind, asked, events, nowMs, random)) };
      });
    },

    /**
     * A wrong position is forgotten at once and its recipients told; about anything else staff decides. The caller has
     * checked the proof.
     */
    async rectify(device: Presented, asked: Rectification): Promise<Outcome> {
      const person = personOf(device);
      return await inChain(async (client, chain) => {
        const nowMs = now();
        if (!(await isThere(client, device))) return 'gone';
        const waiting = (await listRequests(client, person, nowMs)).find(
          (one) => one.kind === 'rectification' && one.state === 'identity',
        );
        const start = { kind: 'start' } as const;
        const begun =
          (waiting && (await changeRequest(client, person, waiting.id, start, nowMs, random, asked))) ??
          (await addRequest(client, person, newId(), 'rectification', asked, [start], nowMs, random));
        chain.append({ at: nowMs, kind: KIND.rights, subject: ledgerSubject(device.key), detail: 'rectification' });
        if (asked.field !== 'position') return { request: begun };
        await forgetPosition(client, chain, person, nowMs);
        return { request: (await changeRequest(client, person, begun.id, { kind: 'finish' }, nowMs, random)) ?? begun };
      });
    },

    /** Begins the erasure and returns its code; null if it had begun. The caller has checked the proof. */
    async erase(device: Presented): Promise<string | null> {
      const code = random(16).toString('base64url');
      return (await beginErasure(deps, personOf(device), 'asked', code)) ? code : null;
    },

    requests: (device: Presented) => listRequests(pool, personOf(device), now()),
    request: (device: Presented, id: string) => findRequest(pool, personOf(device), id, now()),
    disclosures: (device: Presented, before: number | null, limit: number) =>
      readDisclosures(pool, device, before, limit, now()),
  };
}

/**
 * The pages until the token that they were asked by ends, then CopyEnded (attack: a copy by a token that was copied is read slowly, and goes on
 * for an hour after its person ended the token or was erased: rows of the ledger are there still).
 */
async function* whileGood(pages: AsyncIterable<HeldPage>, isGood: () => Promise<boolean>): AsyncGenerator<HeldPage> {
  for await (const page of pages) {
    if (!(await isGood())) throw new CopyEnded();
    yield page;
  }
}

async function isTokenGood(pool: Pool, { id, tokenHash }: Presented, nowMs: number): Promise<boolean> {
  const { rows } = await pool.query(
    `select 1 from device_tokens t join devices d on d.id = t.device
     where t.token_hash = $1 and t.device = $2 and t.expires_at > $3 and d.flags & ${FLAG.erasing} = 0`,
    [tokenHash, id, nowMs],
  );
  return rows.length > 0;
}

const personOf = ({ id, key }: Presented): Person => ({ device: id, key });

/** Sets or clears a flag. One request is written down if that changed something; else it is the one before. */
async function setFlag(
  { inChain, changeDevice, forgetVisits, random, now, newId }: RightsDeps,
  device: Presented,
  flag: number,
  on: boolean,
  kind: RequestKind,
  detail: string,
): Promise<Outcome> {
  return await inChain(async (client, chain) => {
    // Under the lock: what was shown while this waited for it was shown before.
    const nowMs = now();
    const person = personOf(device);
    let changed = false;
    const edit = ({ flags }: { readonly flags: number }) => {
      changed = ((flags & flag) !== 0) !== on;
      return changed ? { flags: on ? flags | flag : flags & ~flag } : null;
    };
    if ((await changeDevice(client, chain, device.id, edit, detail, nowMs)) === null) return 'gone';
    const before = (await listRequests(client, person, nowMs)).find((one) => one.kind === kind);
    if (!changed && before !== undefined) return { request: before };
    if (changed && on) await forgetVisits?.(client, person);
    if (changed && on && flag === FLAG.restricted) await notifyRecipients(client, chain, person, 'restricted', nowMs);
    return { request: await addRequest(client, person, newId(), kind, { detail }, DONE, nowMs, random) };
  });
}

/**
 * Writes down what takes no decision, one at a time and only of who is there (attack: asked together with an erasure, a row
 * comes after the rows were deleted, and stays).
 */
async function whileThere<T>(
  pool: Pool,
  device: Presented,
  work: (client: ClientBase) => Promise<T>,
): Promise<T | 'gone'> {
  return await transact(pool, async (client) => ((await isThere(client, device)) ? await work(client) : 'gone'));
}

/** Once a day is enough to say that a copy was asked for and done. */
async function noteAccess(
  { random, newId }: RightsDeps,
  client: ClientBase,
  person: Person,
  nowMs: number,
): Promise<void> {
  const isNoted = (await listRequests(client, person, nowMs)).some(
    (one) => one.kind === 'access' && one.receivedAt > nowMs - DAY_MS,
  );
  if (!isNoted) await addRequest(client, person, newId(), 'access', { format: 'json' }, DONE, nowMs, random);
}

/** True if the device is not being erased, nor will be before the transaction ends. */
async function isThere(client: ClientBase, { id }: Presented): Promise<boolean> {
  const there = `select 1 from devices where id = $1 and flags & ${FLAG.erasing} = 0 for update`;
  return (await client.query(there, [id])).rows.length > 0;
}

/** What was shown of a device, newest first, before the row of that name; what a gag hides is not there. */
async function readDisclosures(
  db: Pool,
  device: Presented,
  before: number | null,
  limit: number,
  nowMs: number,
): Promise<(Disclosed & { readonly name: string | null })[]> {
  const { nameOf, seqOf } = rowNamesOf(device.key);
  const { rows } = await db.query(
    `select t.seq::float8, t.at::float8, t.kind, t.application, t.purpose, t.basis, t.precision,
       t.policy_version as "policyVersion", t.detail, a.name
     from ledger t left join applications a on a.id = t.application
     where t.subject = $1 and t.kind = any($2) and t.seq < $3 and ${inTimeSql('ledger', '$5')}
       and not exists (select from legal_disclosures l where l.device = $4 and l.gag_until > $5
         and t.detail like '%' || l.id::text || '%')
     order by t.seq desc limit $6`,
    [ledgerSubject(device.key), SHOWN_KINDS, before === null ? LAST : seqOf(before), device.id, nowMs, limit],
  );
  return rows.map((row) => ({ ...row, seq: nameOf(row.seq) }));
}

/** Forgets where somebody was said to be, everywhere, and tells whoever was shown it. Under the ledger's lock. */
export async function forgetPosition(client: ClientBase, chain: Chain, person: Person, nowMs: number): Promise<void> {
  await client.query('delete from last_locations where device = $1', [person.device]);
  await forgetRegion(client, person.device, nowMs);
  await notifyRecipients(client, chain, person, 'rectified', nowMs);
  chain.changed(person.device);
}

/**
 * Forgets the region that a device was told to be in. For the rest of the tick nothing takes its place: another region would be
 * a second answer within one tick, and one without a row of its own in the ledger.
 */
export async function forgetRegion(client: ClientBase, device: string, nowMs: number): Promise<void> {
  const tick = Math.floor(nowMs / TICK_MS);
  // Not before the state's own tick, which a gateway whose clock is ahead has begun and told, unless that is far ahead.
  await client.query(
    `update coarse_states c set sealed = '', tick = f.tick, expires_at = (f.tick::int8 + 1) * ${TICK_MS}
     from (select device, case when ${isAheadSql('tick', '$2::int')} then $2::int else greatest(tick, $2::int) end as tick
           from coarse_states where device = $1) f
     where c.device = f.device`,
    [device, tick],
  );
}
