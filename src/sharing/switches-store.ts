// What a phone that says who it is lets us use, of many at once. Promises: as it is now; a token that is unknown, ended, or of an
// idle or erased device is nobody's.
import type { Pool } from 'pg';
import { mayTeach } from '../consent/decide.ts';
import { FLAG, IDLE_DAYS } from '../devices/device-contract.ts';
import type { MasterKeys } from '../devices/master-keys.ts';
import { type DeviceRow, openDevice, stateOf } from '../devices/profile.ts';
import { DAY_MS } from '../time/spans.ts';
import { type DAMAGED, unlessDamaged } from './subjects-store.ts';

/** What a phone lets us use (bits of SOURCE), and when its token ends. */
export type Switches = {
  readonly device: string;
  readonly sources: number;
  /** False if what it reports is not for the map. */
  readonly mayTeach: boolean;
  readonly untilMs: number;
};

/** The switches of the phones behind tokens, in their order; null where nobody is known. Read as they are now. */
export async function loadSwitches(
  pool: Pool,
  masters: MasterKeys,
  tokenHashes: readonly Buffer[],
  nowMs: number,
  onDamaged: (error: unknown) => void,
): Promise<(Switches | null | typeof DAMAGED)[]> {
  const { rows } = await pool.query<DeviceRow & { readonly i: number; readonly token_expires_at: number }>(
    `select q.i::int as i, d.id as device, k.master_key, k.wrapped, d.flags, d.created_at::float8 as created_at,
       d.last_used_day, d.sealed, t.expires_at::float8 as token_expires_at,
       (select coalesce(json_agg(json_build_object('id', p.id, 'at', p.at, 'withdrawnAt', p.withdrawn_at, 'precise', p.precise)), '[]')
        from parental_consents p where p.device = d.id) as parental
     from unnest($1::bytea[]) with ordinality as q(token_hash, i)
     join device_tokens t on t.token_hash = q.token_hash and t.expires_at > $2
     join devices d on d.id = t.device and d.last_used_day >= $3 - ${IDLE_DAYS} and d.flags & ${FLAG.erasing} = 0
     join device_keys k on k.device = d.id`,
    [tokenHashes, nowMs, Math.floor(nowMs / DAY_MS)],
  );
  const switches: (Switches | null | typeof DAMAGED)[] = tokenHashes.map(() => null);
  for (const row of rows)
    switches[row.i - 1] = unlessDamaged(() => {
      const state = stateOf(openDevice(masters, row));
      const { sources } = state;
      return { device: row.device, sources, mayTeach: mayTeach(state, nowMs), untilMs: row.token_expires_at };
    }, onDamaged);
  return switches;
}
