// Removal of access points and beacons in the store: requests, proofs, and what stays barred. Promises: a barred address is
// kept as a keyed hash only, one that waits is encrypted; barring takes the position out of the row that every index follows, forgets what was being
// learnt, and can't be undone by a fold or an import that runs at the same time; a request whose proof never comes is forgotten.
import { createHmac } from 'node:crypto';
import type { ClientBase, Pool } from 'pg';
import type { MacCipher, MacUse } from '../privacy/mac-cipher.ts';
import { binaryBytes } from '../storage/binary-array.ts';
import { BARRING_LOCK, LEARNING_LOCK } from '../storage/locks.ts';
import { noPositionSql } from '../storage/no-position.ts';
import { transact } from '../storage/transaction.ts';
import { HOUR_MS } from '../time/spans.ts';
import { PROOF_TTL_MS, REQUEST_TTL_MS } from './registry-map.ts';

/** Encrypts addresses, and hashes those that are barred. */
type RemovalKeys = { readonly macs: MacCipher; readonly barredKey: Uint8Array };

/** HMAC-SHA256 of an address under the operator's secret. */
function hashMac(mac: number, key: Uint8Array): Buffer {
  const bytes = Buffer.alloc(6);
  bytes.writeUIntBE(mac, 0, 6);
  return createHmac('sha256', key).update(bytes).digest();
}

/** Notes a request; the same address asked for again keeps its code. Returns the code. */
export async function requestRemoval(
  db: Pool,
  macs: MacCipher,
  mac: number,
  code: string,
  nowMs: number,
): Promise<string> {
  const { rows } = await db.query(
    `insert into bssid_removals (mac, code, requested_at) values ($1, $2, $3)
     on conflict (mac) do update set requested_at = excluded.requested_at returning code`,
    [macs.seal('removal', [mac])[0], code, nowMs],
  );
  return rows[0].code;
}

/**
 * Notes that addresses were reported with a name that refuses, dated to the hour: to the millisecond it said which networks one
 * report named, and when it came.
 */
export async function noteRefusals(db: Pool, macs: readonly number[], key: Uint8Array, nowMs: number): Promise<void> {
  if (macs.length === 0) return;
  await db.query(
    `insert into opt_out_sightings (mac_hash, seen_at) select h, $2 from unnest($1::bytea[]) h order by h
     on conflict (mac_hash) do update set seen_at = greatest(opt_out_sightings.seen_at, excluded.seen_at)`,
    [
      binaryBytes(
        'bytea',
        macs.map((mac) => hashMac(mac, key)),
      ),
      Math.floor(nowMs / HOUR_MS) * HOUR_MS,
    ],
  );
}

/** Bars every requested address whose proof has come; forgets requests and proofs that are over. Returns how many were barred. */
export async function settleRemovals(db: Pool, keys: RemovalKeys, nowMs: number): Promise<number> {
  const { barredKey } = keys;
  await db.query('delete from bssid_removals where requested_at < $1', [nowMs - REQUEST_TTL_MS]);
  await db.query('delete from opt_out_sightings where seen_at < $1', [nowMs - PROOF_TTL_MS]);
  const { rows } = await db.query('select mac::float8 as mac, code from bssid_removals order by mac');
  if (rows.length === 0) return 0;
  const macs = [
    ...keys.macs.open(
      'removal',
      rows.map((row) => row.mac),
    ),
  ];
  const seen = await db.query('select mac_hash from opt_out_sightings where mac_hash = any($1::bytea[])', [
    binaryBytes(
      'bytea',
      macs.map((mac) => hashMac(mac, barredKey)),
    ),
  ]);
  const proven = new Set<string>(seen.rows.map((row) => row.mac_hash.toString('hex')));
  const due = macs
    .map((mac, i): Barring => ({ mac, code: rows[i].code }))
    .filter(({ mac }) => proven.has(hashMac(mac, barredKey).toString('hex')));
  if (due.length > 0) await barMacs(db, due, keys, nowMs);
  return due.length;
}

/** Bars the address of a request that the operator has checked; false if there is no such request. */
export async function confirmRemoval(db: Pool, code: string, keys: RemovalKeys, nowMs: number): Promise<boolean> {
  const { rows } = await db.query('select mac::float8 as mac from bssid_removals where code = $1', [code]);
  if (rows.length === 0) return false;
  await barMacs(db, [{ mac: keys.macs.open('removal', [rows[0].mac])[0], code }], keys, nowMs);
  return true;
}

/** Requests that wait: code and time only. */
export async function listRemovals(db: Pool): Promise<{ code: string; requestedAt: number }[]> {
  const { rows } = await db.query(
    'select code, requested_at::float8 as requested_at from bssid_removals order by requested_at, code',
  );
  return rows.map((row) => ({ code: row.code, requestedAt: row.requested_at }));
}

/** True if a removal waits, or was done, under that code. */
export async function isRemoval(client: ClientBase, code: string): Promise<boolean> {
  const { rows } = await client.query(
    'select from bssid_removals where code = $1 union all select from barred_stations where code = $1',
    [code],
  );
  return rows.length > 0;
}

/** Removals that were done, the latest first: those that have a code. */
export async function listBarred(db: Pool): Promise<{ code: string; barredAt: number }[]> {
  const { rows } = await db.query(
    'select code, barred_at::float8 as barred_at from barred_stations where code is not null order by barred_at desc, code limit 1000',
  );
  return rows.map((row) => ({ code: row.code, barredAt: row.barred_at }));
}

/**
 * Lets the map learn again what was barred under a code, for removals that turn out to be forged; false if none was. Its row is no
 * newer than what is imported any more: else a file from before the removal would not bring its position back. Whose hash that was is
 * not known here: rows that were barred in the same moment, and are still, are dated so too, and stay barred.
 */
export async function undoRemoval(db: Pool, code: string): Promise<boolean> {
  return await transact(db, async (client) => {
    const { rows } = await client.query(
      'delete from barred_stations where code = $1 returning barred_at::float8 as "barredAt"',
      [code],
    );
    for (const { barredAt } of rows)
      for (const [use] of BARRED_KINDS)
        await client.query(
          `update ${use}_stations set modified_at = null where lat is null and modified_at = $1 and source is null`,
          [barredAt],
        );
    return rows.length === 1;
  });
}

/** An address, and the code of the request for its removal. */
type Barring = { readonly mac: number; readonly code: string };

/** Whoever asks need not say which it is. Numbers as in stations/index-contract.ts. */
const BARRED_KINDS = [
  ['wifi', 1],
  ['bluetooth', 2],
] as const;

/** Takes addresses off the map for good, in one transaction. */
async function barMacs(db: Pool, due: readonly Barring[], keys: RemovalKeys, nowMs: number): Promise<void> {
  const all = due.map(({ mac }) => mac);
  const sealed = (use: MacUse) => [...keys.macs.seal(use, all)];
  // A fold at work has read these stations, an import has asked about them: they must not bring them back.
  const begin = `begin; select pg_advisory_xact_lock(${LEARNING_LOCK}); select pg_advisory_xact_lock(${BARRING_LOCK})`;
  await transact(
    db,
    async (client) => {
      await client.query(
        `insert into barred_stations (mac_hash, code, barred_at)
       select h, c, $3 from unnest($1::bytea[], $2::text[]) u(h, c) on conflict do nothing`,
        [
          binaryBytes(
            'bytea',
            all.map((mac) => hashMac(mac, keys.barredKey)),
          ),
          due.map(({ code }) => code),
          nowMs,
        ],
      );
      for (const [use, kind] of BARRED_KINDS) {
        await client.query(
          `update ${use}_stations set ${noPositionSql(`${use}_stations`)}, modified_at = $2, changed = pg_current_xact_id() where mac = any($1::int8[])`,
          [sealed(use), nowMs],
        );
        await client.query('delete from mac_learning where kind = $1 and mac = any($2::int8[])', [kind, sealed(use)]);
      }
      await client.query('delete from bssid_removals where mac = any($1::int8[])', [sealed('removal')]);
    },
    begin,
  );
}

/** Which of the addresses are barred. Costs one cheap query as long as nobody is. */
export async function barredAmong(
  client: ClientBase | Pool,
  macs: readonly number[],
  key: Uint8Array,
): Promise<ReadonlySet<number>> {
  const { rows } = await client.query('select exists(select from barred_stations) as any');
  if (rows[0].any !== true || macs.length === 0) return new Set();
  const byHash = new Map(macs.map((mac) => [hashMac(mac, key).toString('hex'), mac]));
  const found = await client.query('select mac_hash from barred_stations where mac_hash = any($1::bytea[])', [
    binaryBytes(
      'bytea',
      [...byHash.keys()].map((hex) => Buffer.from(hex, 'hex')),
    ),
  ]);
  return new Set(found.rows.map((row) => byHash.get(row.mac_hash.toString('hex'))!));
}
