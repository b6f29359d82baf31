// Parents' verified consents in the store (policy K2). Promises: who the parent is and what proved it lie sealed under the child's
// device's key, the proof itself only as a hash; what a child agreed to on the strength of a consent that a parent takes back
// is void in the same transaction, with a receipt. How a parent is verified is the operator's business: whoever has only the phone, or a
// key that phones carry, can't record one (attack: a child, or an app, that plays the parent).
import type { ClientBase, Pool } from 'pg';
import { type Device, sealJson } from '../devices/profile.ts';
import type { Chain } from '../disclosures/chain.ts';
import { type ActDeps, NO_SCREEN, record } from './change-store.ts';
import type { Terms } from './decide.ts';
import { isLive } from './events.ts';
import type { Purpose } from './purposes.ts';
import { findApplication, listGrants } from './store.ts';

/** Ways of verifying that the FTC's COPPA rule knows (16 CFR 312.5). */
export const PARENTAL_METHODS = [
  'signed-form',
  'payment',
  'phone-call',
  'video-call',
  'id-document',
  'in-person',
] as const;
export type ParentalMethod = (typeof PARENTAL_METHODS)[number];

type NewParental = {
  readonly id: string;
  readonly method: ParentalMethod;
  /** The parent named precise positions. */
  readonly precise: boolean;
  /** Name and how to reach them. */
  readonly parent: string;
  /** SHA-256 of what was checked, hex. */
  readonly evidenceSha256: string;
};

type ListedParental = {
  readonly id: string;
  readonly at: number;
  readonly method: string;
  readonly precise: boolean;
  readonly withdrawnAt: number | null;
};

export async function insertParental(
  client: ClientBase,
  device: Device,
  { id, method, precise, parent, evidenceSha256 }: NewParental,
  random: (bytes: number) => Buffer,
  nowMs: number,
): Promise<void> {
  const { jurisdiction } = device.profile;
  await client.query(
    'insert into parental_consents (id, device, at, method, precise, sealed) values ($1, $2, $3, $4, $5, $6)',
    [
      ...[id, device.id, nowMs, method, precise],
      sealJson(device.key, `parental_consents.sealed ${device.id}`, { parent, evidenceSha256, jurisdiction }, random),
    ],
  );
}

/** The device a parental consent in force is about; null if there is none. */
export async function deviceOfParental(client: ClientBase, id: string): Promise<string | null> {
  const { rows } = await client.query(
    'select device from parental_consents where id::text = $1 and withdrawn_at is null',
    [id],
  );
  return rows[0]?.device ?? null;
}

/**
 * Takes a parental consent back, and with it what the child agreed to on its strength: each gets its receipt. What had ended before
 * stays as it ended. Resolves with the applications whose yes ended so.
 */
export async function withdrawParental(client: ClientBase, chain: Chain, deps: ActDeps, id: string): Promise<string[]> {
  const { device, now } = deps;
  const ended: string[] = [];
  await client.query('update parental_consents set withdrawn_at = $2 where id = $1', [id, now]);
  for (const grant of await listGrants(client, device.id)) {
    const { application } = grant;
    if (grant.parental !== id || !isLive(grant.state) || (grant.expiresAt ?? 0) <= now) continue;
    const about = { application, purpose: grant.purpose as Purpose };
    const terms: Terms = { ...grant, state: 'invalidated' };
    const found = await findApplication(client, application);
    await record(client, chain, deps, about, found, terms, grant, NO_SCREEN, 'parent');
    if (grant.precision > 0) ended.push(application);
  }
  return [...new Set(ended)];
}

/** `device`: a UUID. Null if there is no such device, which is no answer about a child's parents. */
export async function listParental(db: ClientBase | Pool, device: string): Promise<ListedParental[] | null> {
  const known = await db.query('select from devices where id = $1', [device]);
  if (known.rowCount === 0) return null;
  const { rows } = await db.query(
    `select id, at::float8 as at, method, precise, withdrawn_at::float8 as "withdrawnAt" from parental_consents
     where device = $1 order by at, id`,
    [device],
  );
  return rows;
}
