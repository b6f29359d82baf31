// The last place of a device, kept for an application that was granted exactly that. Promises: sealed under the device's own
// key; 24 hours at most; gone in the transaction in which the last grant for it ends; never kept without one.
import type { ClientBase } from 'pg';
import type { Random } from '../devices/device-key.ts';
import { type Device, openJson, sealJson } from '../devices/profile.ts';
import type { LastLocation } from './last-location.ts';

export const LAST_LOCATION_TTL_MS = 86_400_000;
const labelOf = (device: string) => `last_locations.sealed ${device}`;

export type Located = { readonly device: Device; readonly where: LastLocation };

/** Keeps where devices are at `nowMs`, each once. */
export async function keepLastLocations(
  client: ClientBase,
  located: readonly Located[],
  random: Random,
  nowMs: number,
): Promise<void> {
  await client.query(
    `insert into last_locations (device, expires_at, sealed)
     select device, $2, sealed from unnest($1::uuid[], $3::bytea[]) as l(device, sealed)
     on conflict (device) do update set expires_at = excluded.expires_at, sealed = excluded.sealed`,
    [
      located.map(({ device }) => device.id),
      nowMs + LAST_LOCATION_TTL_MS,
      located.map(({ device, where }) =>
        sealJson(device.key, labelOf(device.id), { ...where, at: nowMs } satisfies Kept, random),
      ),
    ],
  );
}

export type Kept = LastLocation & { readonly at: number };

/** Where a device was last, null if nothing is kept. */
export async function readLastLocation(client: ClientBase, device: Device, nowMs: number): Promise<Kept | null> {
  const { rows } = await client.query('select sealed from last_locations where device = $1 and expires_at > $2', [
    device.id,
    nowMs,
  ]);
  return rows.length === 0 ? null : openJson<Kept>(device.key, labelOf(device.id), rows[0].sealed);
}

/** To be called after any change of a device's grants, in the same transaction: forgets the place unless one still asks for it. */
export async function dropLastLocation(client: ClientBase, device: string, nowMs: number): Promise<void> {
  await client.query(
    `delete from last_locations where device = $1 and not exists (
       select from grants where device = $1 and precision = 2 and state in ('given', 'reconfirmed')
         and 'last-location' = any(scopes) and expires_at > $2 and (suspended_at is null or suspended_at > $2))`,
    [device, nowMs],
  );
}
