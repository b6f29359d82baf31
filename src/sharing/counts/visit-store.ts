// Visits in the store: one row for a device, a window and a region, under the window's tag. Promises: a device that is
// restricted, has objected, is marked as a child's, is being erased or is gone is not written, whatever the caller believed;
// a window whose counts are out takes no more; whoever releases a window waits for the writers that are in it, and the other
// way round.
import type { ClientBase, Pool } from 'pg';
import { transact } from '../../storage/transaction.ts';
import { SALT_BYTES, tagKeyOf, tagOf } from './tag.ts';
import type { Visit } from './visits.ts';

export type VisitDeps = {
  readonly pool: Pool;
  /** 32 bytes, outside the database. */
  readonly secret: Uint8Array;
  readonly random: (bytes: number) => Buffer;
};

/** Any of the flags restricted, objected, child, erasing (devices/device-contract.ts). */
const NOT_COUNTED = 15;
/** Ticks in a window; a device noted more often, by several gateways, counts no more for that. */
const MAX_TICKS = 24;

/** Writes visits of one or several windows; those that may not be counted are left out quietly. */
export function writeVisits({ pool, secret, random }: VisitDeps, visits: readonly Visit[]): Promise<void> {
  return transact(pool, async (client) => {
    const counted = await countedDevices(client, visits);
    for (const window of new Set(visits.map((visit) => visit.window))) {
      const theirs = visits.filter((visit) => visit.window === window && counted.has(visit.device));
      const salt = theirs.length === 0 ? null : await saltOf(client, window, random);
      if (salt === null) continue;
      const tagKey = tagKeyOf(secret, salt);
      const rows = theirs.map((visit) => ({ ...visit, tag: tagOf(tagKey, visit.device).toString('hex') }));
      await client.query(
        `insert into visits (window_no, tag, region, ticks)
         select $1, decode(v.tag, 'hex'), v.region, v.ticks
         from unnest($2::text[], $3::int[], $4::int[]) as v(tag, region, ticks) order by v.tag, v.region
         on conflict (window_no, tag, region) do update set ticks = least(${MAX_TICKS}, visits.ticks + excluded.ticks)`,
        [
          window,
          rows.map((row) => row.tag),
          rows.map((row) => row.region),
          rows.map((row) => Math.min(row.ticks, MAX_TICKS)),
        ],
      );
    }
  });
}

/** Devices that may be counted. Locked against a change of mind; one that is changing now is left out of this tick. */
async function countedDevices(client: ClientBase, visits: readonly Visit[]): Promise<ReadonlySet<string>> {
  const { rows } = await client.query<{ id: string }>(
    `select id from devices where id = any($1::uuid[]) and flags & ${NOT_COUNTED} = 0 order by id for share skip locked`,
    [[...new Set(visits.map((visit) => visit.device))]],
  );
  return new Set(rows.map((row) => row.id));
}

/** The salt of an open window, made by whoever needs it first; null once the window's counts are out. */
async function saltOf(client: ClientBase, window: number, random: VisitDeps['random']): Promise<Buffer | null> {
  const open = 'not exists (select from count_releases where window_no = $1)';
  const find = `select salt from visit_salts where window_no = $1 and ${open} for share`;
  const found = await client.query<{ salt: Buffer }>(find, [window]);
  if (found.rows.length > 0) return found.rows[0].salt;
  await client.query(
    `insert into visit_salts (window_no, salt) select $1::int, $2::bytea where ${open} on conflict do nothing`,
    [window, random(SALT_BYTES)],
  );
  const made = await client.query<{ salt: Buffer }>(find, [window]);
  return made.rows[0]?.salt ?? null;
}

/**
 * Takes a device out of every window that is still open: for an objection, a restriction, a child's mark, an erasure. Set its
 * flags, or delete its row, in the same transaction and before this, so that no writer brings it back.
 */
export async function forgetVisits(client: ClientBase, device: string, secret: Uint8Array): Promise<void> {
  const { rows } = await client.query<{ window: number; salt: Buffer }>(
    'select window_no as "window", salt from visit_salts order by window_no',
  );
  for (const { window, salt } of rows) {
    const tag = tagOf(tagKeyOf(secret, salt), device);
    await client.query('delete from visits where window_no = $1 and tag = $2', [window, tag]);
  }
}
