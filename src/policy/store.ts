// Policy versions in the store. Promises: a published version is never changed nor replaced; its texts are kept with their
// hashes; the consents that a material version touches wait for re-consent from the moment it takes effect, which is written
// in the transaction that publishes it. The archive begins with the version of 30 June 2017.
import { createHash } from 'node:crypto';
import type { ClientBase, Pool } from 'pg';
import { touches } from '../consent/suspension.ts';
import type { Chain } from '../disclosures/chain.ts';
import { KIND } from '../disclosures/entry.ts';
import type { PolicyVersion, Widens } from './versions.ts';

export type NewPolicy = {
  readonly version: string;
  readonly effectiveAt: number;
  readonly material: boolean;
  readonly widens: readonly Widens[];
  readonly texts: readonly { readonly language: string; readonly text: string }[];
};

/** All versions, the first to take effect first; without their texts. */
export async function listPolicies(client: ClientBase | Pool): Promise<PolicyVersion[]> {
  const { rows } = await client.query(
    `select p.version, p.effective_at::float8 as "effectiveAt", p.published_at::float8 as "publishedAt", p.material, p.widens,
       (select coalesce(json_agg(json_build_object('language', t.language, 'sha256', encode(t.sha256, 'hex'))
          order by t.language), '[]') from policy_texts t where t.version = p.version) as texts
     from policies p order by p.effective_at, p.version`,
  );
  return rows;
}

/** The texts of a version by language; empty if there is no such version. */
export async function readPolicyTexts(
  client: ClientBase | Pool,
  version: string,
): Promise<{ language: string; sha256: string; text: string }[]> {
  const { rows } = await client.query(
    `select language, encode(sha256, 'hex') as sha256, text from policy_texts where version = $1 order by language`,
    [version],
  );
  return rows;
}

/**
 * Publishes a version under the ledger's lock. `exists`: a version of that name is published already; `notLast`: it would
 * take effect before one that is published. Else the number of consents that wait for re-consent from its date on.
 */
export async function publishPolicy(
  client: ClientBase,
  chain: Chain,
  policy: NewPolicy,
  nowMs: number,
): Promise<'exists' | 'notLast' | number> {
  const { version, effectiveAt, material, widens } = policy;
  const known = await listPolicies(client);
  if (known.some((one) => one.version === version)) return 'exists';
  if (known.some((one) => one.effectiveAt >= effectiveAt)) return 'notLast';
  await insertPolicy(client, policy, nowMs);
  chain.append({ at: nowMs, kind: KIND.staff, policyVersion: version, detail: 'policyPublished' });
  const finest = [1, 2].filter((precision) => touches({ material, widens }, precision));
  if (finest.length === 0) return 0;
  const { rowCount } = await client.query(
    `update grants set suspended_at = least(coalesce(suspended_at, $1), $1)
     where state in ('given', 'reconfirmed') and precision = any($2::smallint[])`,
    [effectiveAt, finest],
  );
  return rowCount ?? 0;
}

/** Every version with the number of the ledger's row that says it was published; 0 if there is none, or none any more. */
export async function listPublications(db: ClientBase | Pool): Promise<{ seq: number; policy: PolicyVersion }[]> {
  const { rows } = await db.query(
    `select seq::float8 as seq, policy_version as version from ledger where kind = $1 and detail = 'policyPublished'`,
    [KIND.staff],
  );
  const seqOf = new Map<string, number>(rows.map(({ version, seq }) => [version, seq]));
  return (await listPolicies(db)).map((policy) => ({ seq: seqOf.get(policy.version) ?? 0, policy }));
}

/** Puts a version into the archive if it is not there; for the first one. */
export async function insertPolicy(client: ClientBase | Pool, policy: NewPolicy, publishedAt: number): Promise<void> {
  const { version, effectiveAt, material, widens, texts } = policy;
  await client.query(
    `insert into policies (version, effective_at, published_at, material, widens) values ($1, $2, $3, $4, $5)
     on conflict do nothing`,
    [version, effectiveAt, publishedAt, material, widens],
  );
  for (const { language, text } of texts)
    await client.query(
      `insert into policy_texts (version, language, sha256, text) values ($1, $2, $3, $4) on conflict do nothing`,
      [version, language, createHash('sha256').update(text).digest(), text],
    );
}
