// Room that dead rows hold, given back in the embedded store: it is PostgreSQL without the autovacuum that a server has, so each
// row that is deleted or written anew would keep its place for ever (reports alone: 560 bytes each, until the inbox takes no more).
// Promises: one table at a time, others have their turn between two; a table is looked through only if there is something to gain;
// does nothing on a PostgreSQL server, which does it itself. Only of the tables that reports fill: nothing is sampled (ANALYZE), for samples outlive rows.
import type { Store } from './open.ts';

/** What every report, fold and import writes. */
const TABLES = ['inbox', 'mac_learning', 'cell_learning', 'wifi_stations', 'bluetooth_stations', 'cells', 'areas'];

/**
 * Autovacuum's own bounds (PostgreSQL manual, "Automatic Vacuuming"): 50 dead rows and a fifth of the rows. Counts of dead rows end with the
 * process, so a file that grew by a fifth since it was last looked through counts as well. Of reports a hundredth, which is each hour: what a
 * folded one said lies in its free room until the next reports take that, and of a week's digests a fifth is most of a day (migration 0019).
 */
const DUE = `select s.relname as name from pg_stat_user_tables s join pg_class c on c.oid = s.relid
  where s.relname = any($1) and s.n_dead_tup >= 50
    and (s.n_dead_tup > 50 + case s.relname when 'inbox' then 0.01 else 0.2 end * greatest(c.reltuples, s.n_live_tup)
    or pg_relation_size(c.oid) / current_setting('block_size')::int > 100 + 1.2 * c.relpages)
  order by s.n_dead_tup`;

/** Makes room of dead rows usable again, until the signal aborts. Resolves with the names of the tables. */
export async function reclaimRoom(store: Pick<Store, 'kind' | 'pool'>, signal?: AbortSignal): Promise<string[]> {
  const reclaimed: string[] = [];
  if (store.kind !== 'embedded') return reclaimed;
  // Counts wait for up to a second in the session that made them.
  await store.pool.query('select pg_stat_force_next_flush()');
  const { rows } = await store.pool.query<{ name: string }>(DUE, [TABLES]);
  for (const { name } of rows) {
    if (signal?.aborted) break;
    await store.pool.query(`vacuum ${name}`);
    reclaimed.push(name);
  }
  return reclaimed;
}
