// Partners and their applications in the store. Promises: every change also touches the keys concerned, so that whoever
// follows keys (store.ts) hears of it. What takes something away or gives more (suspension, an update) has to be run by its
// caller under the ledger's lock with a change announced to every replica (disclosures/chain.ts); nothing here does that.
import type { ClientBase, Pool } from 'pg';
import { queryPrepared } from '../storage/prepared.ts';
import { type Recipient, type RecipientRow, type Role, recipientOf, slugOf } from './recipient.ts';

export type NewPartner = {
  readonly name: string;
  /** Absent = one that the name suggests and nobody has. */
  readonly id?: string;
  readonly role: Role;
  readonly policyUrl: string | null;
  readonly contact: string | null;
  readonly controller: string | null;
  readonly adFunded: boolean;
};

export type NewApplication = {
  readonly partner: string;
  readonly name: string;
  readonly id?: string;
  readonly purposes: readonly string[];
  /** 1 region, 2 precise. */
  readonly maxPrecision: number;
};

/** Which columns may change, and to what; what is absent stays. */
type PartnerChanges = Partial<Omit<NewPartner, 'id'>>;
type ApplicationChanges = Partial<Pick<NewApplication, 'name' | 'purposes' | 'maxPrecision'>>;
export type Subject = { readonly partner: string } | { readonly application: string };

/** Tries of cafe, cafe-2, cafe-3 ... before a name counts as taken. */
const MAX_TRIES = 1_000;

/** Adds a partner and returns its id; null if the id that was asked for is taken. */
export function addPartner(db: ClientBase, wanted: NewPartner, nowMs: number): Promise<string | null> {
  const { name, role, policyUrl, contact, controller, adFunded } = wanted;
  return firstFree(wanted, async (id) => {
    const { rows } = await db.query(
      `insert into partners (id, name, role, policy_url, contact, controller, ad_funded, created_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing returning id`,
      [id, name, role, policyUrl, contact, controller, adFunded, nowMs],
    );
    return rows.length > 0;
  });
}

/** Adds an application and returns its id; null if its partner is unknown, or the id that was asked for is taken. */
export async function addApplication(db: ClientBase, wanted: NewApplication, nowMs: number): Promise<string | null> {
  const { partner, name, purposes, maxPrecision } = wanted;
  const found = await db.query('select from partners where id = $1 for share', [partner]);
  if (found.rows.length === 0) return null;
  return firstFree(wanted, async (id) => {
    const { rows } = await db.query(
      `insert into applications (id, partner, name, purposes, max_precision, created_at)
       values ($1, $2, $3, $4, $5, $6) on conflict do nothing returning id`,
      [id, partner, name, purposes, maxPrecision, nowMs],
    );
    return rows.length > 0;
  });
}

async function firstFree(
  { id, name }: { readonly id?: string; readonly name: string },
  insert: (id: string) => Promise<boolean>,
): Promise<string | null> {
  if (id !== undefined) return (await insert(id)) ? id : null;
  const slug = slugOf(name);
  for (let i = 1; i <= MAX_TRIES; i++) {
    const tried = i === 1 ? slug : `${slug}-${i}`;
    if (await insert(tried)) return tried;
  }
  return null;
}

/** Who is responsible at a partner, locked until the transaction ends; null if nobody was named yet, or there is no such partner. */
export async function lockController(db: ClientBase, id: string): Promise<string | null> {
  const { rows } = await db.query('select controller from partners where id = $1 for update', [id]);
  return rows[0]?.controller ?? null;
}

/** False if there is no such partner. */
export async function updatePartner(db: ClientBase, id: string, changes: PartnerChanges): Promise<boolean> {
  const columns = {
    name: changes.name,
    role: changes.role,
    policy_url: changes.policyUrl,
    contact: changes.contact,
    controller: changes.controller,
    ad_funded: changes.adFunded,
  };
  return await change(db, 'partners', id, columns);
}

/** False if there is no such application. */
export async function updateApplication(db: ClientBase, id: string, changes: ApplicationChanges): Promise<boolean> {
  const columns = { name: changes.name, purposes: changes.purposes, max_precision: changes.maxPrecision };
  return await change(db, 'applications', id, columns);
}

/** Suspends from `atMs` on, or ends a suspension (null); false if there is no such partner or application. */
export async function setSuspended(db: ClientBase, subject: Subject, atMs: number | null): Promise<boolean> {
  return 'partner' in subject
    ? await change(db, 'partners', subject.partner, { suspended_at: atMs })
    : await change(db, 'applications', subject.application, { suspended_at: atMs });
}

async function change(
  db: ClientBase,
  table: 'partners' | 'applications',
  id: string,
  columns: Readonly<Record<string, unknown>>,
): Promise<boolean> {
  const given = Object.entries(columns).filter(([, value]) => value !== undefined);
  if (given.length === 0) throw new RangeError('nothing to change');
  const sets = given.map(([column], i) => `${column} = $${i + 2}`).join(', ');
  const values = given.map(([, value]) => value);
  const { rows } = await db.query(`update ${table} set ${sets} where id = $1 returning id`, [id, ...values]);
  const whose = table === 'applications' ? 'id' : 'partner';
  await db.query(
    `update api_keys set changed = pg_current_xact_id()
     where application in (select id from applications where ${whose} = $1)`,
    [id],
  );
  return rows.length > 0;
}

/** Columns of RecipientRow, from `applications a join partners p`. */
const RECIPIENT_COLUMNS = `a.id as application, a.partner, p.role, a.purposes, a.max_precision as "maxPrecision",
  p.policy_url as "policyUrl", p.contact, p.controller, p.ad_funded as "adFunded",
  a.suspended_at::float8 as "applicationSuspendedAt", p.suspended_at::float8 as "partnerSuspendedAt"`;

/**
 * Whom the key `keyId` stands for as the store has it now; null if the key is revoked, expired or stands for nobody. Inside
 * a transaction under the ledger's lock: as it is before or after every suspension, never in between.
 */
export async function readRecipient(db: ClientBase | Pool, keyId: string, nowMs: number): Promise<Recipient | null> {
  const holder = (await readRecipients(db, [keyId], nowMs)).get(keyId);
  if (holder === undefined) return null;
  const { told: _, ...recipient } = holder;
  return recipient;
}

/** Who a key stands for, and all that the store said of it, letter by letter. */
export type Holder = Recipient & { readonly told: string };

/** Keys `k` that stand for somebody, and for whom. */
const holders = (now: string): string => `api_keys k
     join applications a on a.id = k.application join partners p on p.id = a.partner
       and k.class = 'partner' and k.revoked_at is null and (k.expires_at is null or k.expires_at > ${now})`;
const HOLDER_TOLD = `row(a.id, a.partner, p.role, a.purposes, a.max_precision, p.policy_url, p.contact, p.controller,
       p.ad_funded, a.suspended_at, p.suspended_at)::text`;

/** The same for many keys; those that stand for nobody are left out. */
export async function readRecipients(
  db: ClientBase | Pool,
  keyIds: readonly string[],
  nowMs: number,
): Promise<Map<string, Holder>> {
  const { rows } = await queryPrepared<RecipientRow & { readonly key: string; readonly told: string }>(
    db,
    'recipients',
    `select k.id as key, ${HOLDER_TOLD} as told, ${RECIPIENT_COLUMNS} from ${holders('$2')} where k.id = any($1)`,
    [keyIds, nowMs],
  );
  return new Map(rows.map((row) => [row.key, { ...recipientOf(row), told: row.told }]));
}

/** SQL: how many of the keys in the array `keys` stand for whom the array `told` says, in the same places. */
export const unchangedHolders = (keys: string, told: string, now: string): string =>
  `(select count(*) from unnest(${keys}::text[], ${told}::text[]) h(key, told)
     join ${holders(now)} on k.id = h.key where ${HOLDER_TOLD} = h.told)`;

type ListedApplication = Recipient & { readonly name: string; readonly applicationSuspended: boolean };
export type ListedPartner = Omit<NewPartner, 'id'> & {
  readonly id: string;
  readonly active: boolean;
  readonly createdAt: number;
  readonly suspendedAt: number | null;
  readonly applications: readonly ListedApplication[];
};

/** All partners with their applications, oldest first. */
export async function listPartners(db: Pool | ClientBase): Promise<ListedPartner[]> {
  const found = await db.query<Omit<ListedPartner, 'applications'>>(
    `select id, name, role, policy_url as "policyUrl", contact, controller, ad_funded as "adFunded",
       (policy_url is not null and contact is not null and controller is not null) as active,
       created_at::float8 as "createdAt", suspended_at::float8 as "suspendedAt" from partners order by created_at, id`,
  );
  const theirs = await db.query<RecipientRow & { name: string }>(
    `select ${RECIPIENT_COLUMNS}, a.name from applications a join partners p on p.id = a.partner
     order by a.created_at, a.id`,
  );
  const applications = theirs.rows.map((row) => {
    const applicationSuspended = row.applicationSuspendedAt !== null;
    return { ...recipientOf(row), name: row.name, applicationSuspended };
  });
  return found.rows.map((partner) => ({
    ...partner,
    applications: applications.filter((one) => one.partner === partner.id),
  }));
}
