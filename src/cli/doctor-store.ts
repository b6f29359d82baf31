// The doctor's look at the store: reachable, of the right version, migrated, with keys; what of it is weak is doctor-postgres.ts.

import { MIN_FREE_BYTES } from '../observations/room.ts';
import { listKeys } from '../partners/store.ts';
import { MAX_APART_MS } from '../process/right-clock.ts';
import { createDiskOf } from '../process/store-disk.ts';
import { repairFeed, tablesAhead } from '../stations/feed-repair-store.ts';
import { type MigrationState, migrationState } from '../storage/migrate.ts';
import { connectStore, MIN_SERVER_VERSION, type Store } from '../storage/open.ts';
import type { CommandContext } from './context.ts';
import { checkAtRest, checkKeys } from './doctor-at-rest.ts';
import { checkEvidence } from './doctor-evidence.ts';
import { checkPostgres } from './doctor-postgres.ts';
import { checkRights } from './doctor-rights.ts';
import { describeFailure } from './failure.ts';
import type { Finding } from './finding.ts';

/** Clocks that are looked after (NTP) differ by far less. */
const LOOKED_AFTER_MS = 10_000;

/** `aheadMs`: how far this machine's clock is ahead of the store's. */
export function describeClock(aheadMs: number): Finding {
  const what = 'clock';
  const apartMs = Math.abs(aheadMs);
  if (apartMs <= LOOKED_AFTER_MS) return { what, state: 'ok', says: 'as the store’s, to some seconds' };
  const how = `${Math.round(apartMs / 1000)} s ${aheadMs > 0 ? 'ahead of' : 'behind'} the store’s`;
  if (apartMs <= MAX_APART_MS) return { what, state: 'weak', says: `${how}: set both by NTP` };
  return { what, state: 'wrong', says: `${how}: a gateway here expires and forgets nothing; set both by NTP` };
}

/** Looks at a PostgreSQL server as it is, without migrating it; an embedded store is opened as any command does. */
export async function checkStore(context: CommandContext, repair: boolean): Promise<Finding[]> {
  const url = context.config.databaseUrl;
  let store: Store | undefined;
  try {
    store = url ? connectStore({ kind: 'postgres', url }) : await context.openStore();
    return await examine(store, url, repair, context);
  } catch (error) {
    return [{ what: 'store', state: 'wrong', says: describeFailure(error) }];
  } finally {
    if (url) await store?.close();
  }
}

async function examine(
  store: Store,
  url: string | undefined,
  repair: boolean,
  context: CommandContext,
): Promise<Finding[]> {
  const { rows } = await store.pool.query<{ number: number; version: string }>(
    `select current_setting('server_version_num')::int as number, current_setting('server_version') as version`,
  );
  const [{ number, version }] = rows;
  const findings: Finding[] = [];
  if (store.kind === 'embedded') findings.push({ what: 'store', state: 'ok', says: 'embedded: for one machine' });
  else if (number >= MIN_SERVER_VERSION) findings.push({ what: 'store', state: 'ok', says: `PostgreSQL ${version}` });
  else return [{ what: 'store', state: 'wrong', says: `PostgreSQL ${version} is too old: 14 or newer is needed` }];

  const where = { store: store.address, dataDir: context.config.dataDir };
  findings.push(...describeRoom(await createDiskOf(store.pool, where).freeBytes()));
  if (url !== undefined) findings.push(...(await checkPostgres(store.pool, url, context.config.threads)));
  if (url !== undefined) findings.push(describeClock(context.now() - (await context.storeMs(store.pool))));
  const migrations = await migrationState((sql) => store.pool.query(sql));
  findings.push(describeMigrations(migrations));
  if (migrations.applied === migrations.expected)
    findings.push(
      await feed(store, repair),
      await checkAtRest(store.pool, context),
      ...(await checkKeys(store.pool, context)),
      await keys(store),
      ...(await checkRights(store.pool, context.now())),
      ...(await checkEvidence(store.pool, context)),
    );
  return findings;
}

const MIB = 2 ** 20;

/** What is free where the store writes; Infinity = not known, which is told of by nobody. */
export function describeRoom(freeBytes: number): Finding[] {
  if (!Number.isFinite(freeBytes)) return [];
  const free = `${Math.floor(freeBytes / MIB)} MiB free`;
  if (freeBytes > MIN_FREE_BYTES) return [{ what: 'store disk', state: 'ok', says: free }];
  return [
    { what: 'store disk', state: 'wrong', says: `${free}, ${MIN_FREE_BYTES / MIB} are needed: reports are refused` },
  ];
}

function describeMigrations({ applied, expected, unknown }: MigrationState): Finding {
  const what = 'migrations';
  if (unknown > 0) return { what, state: 'wrong', says: `${unknown} are of a newer version: update this one` };
  if (applied < expected) return { what, state: 'weak', says: `${expected - applied} to be applied by the next start` };
  return { what, state: 'ok', says: `all ${expected} applied` };
}

/** Transaction numbers start anew in a restored server, while the rows keep theirs: readers would wait for years. */
async function feed(store: Store, repair: boolean): Promise<Finding> {
  const what = 'change feed';
  if (repair) {
    const rows = await repairFeed(store.pool);
    if (rows > 0) return { what, state: 'ok', says: `${rows} rows of another server repaired` };
  }
  const ahead = await tablesAhead(store.pool);
  if (ahead.length === 0) return { what, state: 'ok', says: 'in step' };
  const says = `rows of ${ahead.join(', ')} come from another server (restored from a dump?): the next start repairs them, or doctor --repair`;
  return { what, state: 'wrong', says };
}

async function keys(store: Store): Promise<Finding> {
  const good = (await listKeys(store)).filter((key) => key.revokedAt === null).length;
  if (good === 0)
    return { what: 'keys', state: 'weak', says: 'none: nobody can ask; see `honeyguide keys add --help`' };
  return { what: 'keys', state: 'ok', says: `${good} in use` };
}
