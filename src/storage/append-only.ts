// Tables of which the store lets nobody change or delete a row (migration 0012), and the two ways past that: a transaction that says
// it deletes for age, or because somebody is erased. Promises: the permission ends with the transaction; each table knows
// which reason counts for it, so that erasing somebody cannot touch the ledger, and nothing can touch a policy.
import type { ClientBase } from 'pg';

export const APPEND_ONLY = ['consent_events', 'ledger', 'policies', 'policy_texts'] as const;

/** For the rest of the transaction of `client`. */
export async function allowDeletes(client: ClientBase, because: 'retention' | 'erasure'): Promise<void> {
  await client.query("select set_config('honeyguide.delete_because', $1, true)", [because]);
}

/** Append-only tables whose guard is missing or switched off; empty is as it should be. */
export async function unguardedTables(db: Pick<ClientBase, 'query'>): Promise<string[]> {
  const { rows } = await db.query(
    `select t.name from unnest($1::text[]) as t(name) where not exists (
       select from pg_trigger g where g.tgrelid = to_regclass(t.name) and g.tgname = t.name || '_append_only'
         and g.tgenabled in ('O', 'A')) order by 1`,
    [APPEND_ONLY],
  );
  return rows.map((row) => row.name);
}
