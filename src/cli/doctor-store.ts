// The doctor's look at the store: reachable, of the right version, migrated, with keys, and quiet about what it is told.

import { listKeys } from '../partners/store.ts';
import { type MigrationState, migrationState } from '../storage/migrate.ts';
import { connectStore, MIN_SERVER_VERSION, type Store } from '../storage/open.ts';
import type { CommandContext } from './context.ts';
import type { Finding } from './doctor.ts';
import { describeFailure } from './failure.ts';

/** Looks at a PostgreSQL server as it is, without migrating it; an embedded store is opened as any command does. */
export async function checkStore(context: CommandContext): Promise<Finding[]> {
  const url = context.config.databaseUrl;
  let store: Store | undefined;
  try {
    store = url ? connectStore({ kind: 'postgres', url }) : await context.openStore();
    return await examine(store);
  } catch (error) {
    return [{ what: 'store', state: 'wrong', says: describeFailure(error) }];
  } finally {
    if (url) await store?.close();
  }
}

async function examine(store: Store): Promise<Finding[]> {
  const { rows } = await store.pool.query<{ number: number; version: string; logs: boolean }>(`
    select current_setting('server_version_num')::int as number, current_setting('server_version') as version,
      current_setting('log_parameter_max_length') <> '0'
        and (current_setting('log_statement') in ('mod', 'all') or current_setting('log_min_duration_statement') <> '-1') as logs`);
  const [{ number, version, logs }] = rows;
  const findings: Finding[] = [];
  if (store.kind === 'embedded') findings.push({ what: 'store', state: 'ok', says: 'embedded: for one machine' });
  else if (number >= MIN_SERVER_VERSION) findings.push({ what: 'store', state: 'ok', says: `PostgreSQL ${version}` });
  else return [{ what: 'store', state: 'wrong', says: `PostgreSQL ${version} is too old: 14 or newer is needed` }];

  if (logs && store.kind === 'postgres') {
    const says =
      'PostgreSQL logs statements with their parameters (addresses of access points, keys): set log_parameter_max_length = 0';
    findings.push({ what: 'store log', state: 'weak', says });
  }
  const migrations = await migrationState((sql) => store.pool.query(sql));
  findings.push(describeMigrations(migrations));
  if (migrations.applied === migrations.expected) findings.push(await feed(store), await keys(store));
  return findings;
}

function describeMigrations({ applied, expected, unknown }: MigrationState): Finding {
  const what = 'migrations';
  if (unknown > 0) return { what, state: 'wrong', says: `${unknown} are of a newer version: update this one` };
  if (applied < expected) return { what, state: 'weak', says: `${expected - applied} to be applied by the next start` };
  return { what, state: 'ok', says: `all ${expected} applied` };
}

/** Transaction numbers start anew in a restored server, while the rows keep theirs: readers would wait for years. */
async function feed(store: Store): Promise<Finding> {
  const tables = ['cells', 'areas', 'wifi_stations', 'bluetooth_stations'];
  const ahead = tables.map((t) => `exists (select from ${t} where changed >= pg_snapshot_xmax(pg_current_snapshot()))`);
  const { rows } = await store.pool.query<{ ahead: boolean }>(`select ${ahead.join(' or ')} as ahead`);
  const what = 'change feed';
  if (!rows[0].ahead) return { what, state: 'ok', says: 'in step' };
  const says = `rows come from another server (restored from a dump?): run "update TABLE set changed = pg_current_xact_id()" on ${tables.join(', ')}`;
  return { what, state: 'wrong', says };
}

async function keys(store: Store): Promise<Finding> {
  const good = (await listKeys(store)).filter((key) => key.revokedAt === null).length;
  if (good === 0)
    return { what: 'keys', state: 'weak', says: 'none: nobody can ask; see `honeyguide keys add --help`' };
  return { what: 'keys', state: 'ok', says: `${good} in use` };
}
