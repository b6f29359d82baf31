// Keeps the coarse states that a batch came to, sealed by each device's key. Promises: one row a device, and the later tick stays:
// whoever decides late overwrites nobody; only a tick that has not begun makes room for an earlier one.
import type { ClientBase } from 'pg';
import type { Random } from '../devices/device-key.ts';
import { type Device, sealJson } from '../devices/profile.ts';
import { TICK_MS } from '../privacy/coarse-state.ts';
import { isAheadSql } from './ahead-tick-contract.ts';
import { COARSE_STATE_TTL_MS, type KeptState } from './coarse-region.ts';
import { coarseLabel } from './subjects-store.ts';

export async function keepStates(
  client: ClientBase,
  random: Random,
  devices: readonly Device[],
  states: ReadonlyMap<string, KeptState>,
  nowMs: number,
): Promise<void> {
  const stateOfDevice = (device: Device) => states.get(device.id)!;
  await client.query(
    `insert into coarse_states (device, tick, expires_at, sealed)
     select device, tick, $3, sealed from unnest($1::uuid[], $2::int[], $4::bytea[]) as s(device, tick, sealed)
     on conflict (device) do update set tick = excluded.tick, expires_at = excluded.expires_at, sealed = excluded.sealed
     where coarse_states.tick < excluded.tick or ${isAheadSql('coarse_states.tick', '$5')}`,
    [
      devices.map((device) => device.id),
      devices.map((device) => stateOfDevice(device).tick),
      nowMs + COARSE_STATE_TTL_MS,
      devices.map((device) => sealJson(device.key, coarseLabel(device.id), stateOfDevice(device), random)),
      Math.floor(nowMs / TICK_MS),
    ],
  );
}
