// The last place of a device, kept for an application that was granted exactly that, which is told it when it asks without
// anything to locate by. Promises: sealed under the device's own key; 24 hours at most; never kept without a grant. The consent room forgets it in the transaction in which the last grant for it
// ends (consent/store.ts).
import type { ClientBase } from 'pg';
import type { Random } from '../devices/device-key.ts';
import { type Device, openJson, sealJson } from '../devices/profile.ts';
import { DAY_MS } from '../time/spans.ts';
import type { LastLocation } from './last-location.ts';
import { DAMAGED, unlessDamaged } from './subjects-store.ts';

export const LAST_LOCATION_TTL_MS = DAY_MS;

export type Located = { readonly device: Device; readonly where: LastLocation };
/** Where a device was found last, and when (epoch ms). */
type Kept = LastLocation & { readonly at: number };

const labelOf = (device: string) => `last_locations.sealed ${device}`;

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

/** What is kept of these devices, by device; those of which nothing is, or what does not open, are not in it. */
export async function readLastLocations(
  client: ClientBase,
  devices: readonly Device[],
  nowMs: number,
  onDamaged: (error: unknown) => void,
): Promise<ReadonlyMap<string, Kept>> {
  const { rows } = await client.query<{ device: string; sealed: Buffer }>(
    'select device, sealed from last_locations where device = any($1) and expires_at > $2',
    [devices.map((device) => device.id), nowMs],
  );
  const keyOf = new Map(devices.map((device) => [device.id, device.key]));
  const kept = new Map<string, Kept>();
  for (const { device, sealed } of rows) {
    const where = unlessDamaged(() => openJson<Kept>(keyOf.get(device)!, labelOf(device), sealed), onDamaged);
    if (where !== DAMAGED) kept.set(device, where);
  }
  return kept;
}
