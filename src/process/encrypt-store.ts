// Encrypts what a version before encryption at rest left in a store: addresses of the map, of what is learnt and of requests for
// removal, and reports that wait. Promises: statements of a few thousand rows, so that none runs into a time limit; a row that is
// being changed is never mistaken for one that is not (it is negative meanwhile). Folded reports, which nobody reads again, go.
// Opens no transaction: at-rest.ts does all of it in one.
import type { Pool, PoolClient } from 'pg';
import type { PayloadSeal } from '../observations/sealed-payload.ts';
import type { MacCipher, MacUse } from '../privacy/mac-cipher.ts';
import { binaryArray, binaryBytes } from '../storage/binary-array.ts';
import { LEARNING_LOCK } from '../storage/locks.ts';

/** Rows in one statement. */
const BATCH = 5_000;

/** Where addresses are, and as what they are encrypted there. */
const PLACES: readonly { table: string; use: MacUse; where: string }[] = [
  { table: 'wifi_stations', use: 'wifi', where: 'true' },
  { table: 'bluetooth_stations', use: 'bluetooth', where: 'true' },
  { table: 'mac_learning', use: 'wifi', where: 'kind = 1' },
  { table: 'mac_learning', use: 'bluetooth', where: 'kind = 2' },
  { table: 'bssid_removals', use: 'removal', where: 'true' },
];
const TABLES = [...new Set(PLACES.map(({ table }) => table)), 'inbox'];

/** True if there is a row that an older version wrote. */
export async function holdsAnything(client: PoolClient): Promise<boolean> {
  const any = TABLES.map((table) => `exists (select from ${table})`).join(' or ');
  const { rows } = await client.query<{ any: boolean }>(`select (${any}) as any`);
  return rows[0].any;
}

/** Encrypts all of it, within the caller's transaction. */
export async function encryptRows(client: PoolClient, by: { macs: MacCipher; payloads: PayloadSeal }): Promise<void> {
  await client.query(`select pg_advisory_xact_lock(${LEARNING_LOCK})`);
  await client.query(`lock table ${TABLES.join(', ')} in exclusive mode`);
  for (const { table, use, where } of PLACES) {
    await renumber(client, table, where, 'mac >= 0', (plain) => by.macs.seal(use, plain).map((sealed) => -1 - sealed));
    await renumber(client, table, where, 'mac < 0', (negative) => Float64Array.from(negative, (mac) => -1 - mac));
  }
  await sealReports(client, by.payloads);
}

/** Gives every row that is `due` another number, in the order of the old ones. */
async function renumber(
  client: PoolClient,
  table: string,
  where: string,
  due: string,
  numbered: (macs: readonly number[]) => Float64Array,
): Promise<void> {
  for (let after = -(2 ** 49); ; ) {
    const { rows } = await client.query<{ mac: number }>(
      `select mac::float8 as mac from ${table} where ${where} and ${due} and mac > $1 order by ${table}.mac limit ${BATCH}`,
      [after],
    );
    if (rows.length === 0) return;
    const macs = rows.map(({ mac }) => mac);
    const order = macs.map((_, i) => i);
    await client.query(
      `update ${table} t set mac = u.new from unnest($1::int8[], $2::int8[]) as u(old, new) where t.mac = u.old and ${where}`,
      [
        binaryArray('int8', Float64Array.from(macs), order, order.length),
        binaryArray('int8', numbered(macs), order, order.length),
      ],
    );
    after = macs[macs.length - 1];
  }
}

async function sealReports(client: PoolClient, payloads: PayloadSeal): Promise<void> {
  await client.query('delete from inbox where folded_at is not null');
  for (let after = '0'; ; ) {
    const { rows } = await client.query(
      `select i.id, received_at::float8 as received_at, contributor::float8 as contributor, trusted, payload, k.key
       from inbox i left join contributor_keys k on k.day = i.received_at / 86400000
       where i.id > $1 order by i.id limit ${BATCH}`,
      [after],
    );
    if (rows.length === 0) return;
    const sealed = rows.map(({ received_at, contributor, trusted, payload, key }) =>
      payloads.seal({ receivedAtMs: received_at, contributor, trusted }, key ?? Buffer.alloc(0), payload),
    );
    await client.query(
      `update inbox t set digest = u.digest, payload = u.payload
       from unnest($1::int8[], $2::uuid[], $3::bytea[]) as u(id, digest, payload) where t.id = u.id`,
      [
        rows.map(({ id }) => id),
        binaryBytes(
          'uuid',
          sealed.map(({ digest }) => digest),
        ),
        binaryBytes(
          'bytea',
          sealed.map(({ payload }) => payload),
        ),
      ],
    );
    after = rows[rows.length - 1].id;
  }
}

/** Writes the tables anew, so that their files hold no plain row that was replaced. */
export async function rewriteTables(pool: Pool): Promise<void> {
  for (const table of TABLES) await pool.query(`vacuum full ${table}`);
}
