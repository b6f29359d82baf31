// Devices against what was noted of them with each change: whoever can write tables, but has no master key, can take a restriction, a
// child's mark or a guard off a device, make up a parent, or put back what lay sealed when a switch was on still, and every gateway would go
// by it. Promises: pages, each as of one moment; finds what shows more than was noted last, not what shows less (a parent's consent that is
// past its time is not there any more), nor that somebody exchanged two notes of a device; one that does not open is
// shown to nobody, and left to the doctor.
import type { Pool } from 'pg';
import { type DeviceState, FLAG } from '../devices/device-contract.ts';
import type { MasterKeys } from '../devices/master-keys.ts';
import { type DeviceRow, openDevice, openJson, stateOf } from '../devices/profile.ts';
import { FIRST_UUID } from '../rights/uuid.ts';

const PAGE_DEVICES = 200;

/** Without a key where the device is being erased. */
type Row = Omit<DeviceRow, 'master_key'> & {
  readonly master_key: Buffer | null;
  readonly seq: number | null;
  readonly noted: Buffer | null;
};

/** With the last note of each, the row of its number in the ledger. */
const PAGE = `select d.id as device, k.master_key, k.wrapped, d.flags, d.created_at::float8 as created_at, d.last_used_day, d.sealed,
    (select coalesce(json_agg(json_build_object('id', p.id, 'at', p.at, 'withdrawnAt', p.withdrawn_at, 'precise', p.precise)), '[]')
     from parental_consents p where p.device = d.id) as parental,
    e.seq::float8 as seq, e.sealed as noted
  from (select * from devices where id > $1 order by id limit ${PAGE_DEVICES}) d left join device_keys k on k.device = d.id
  left join lateral (select seq, sealed from consent_events where device = d.id and state = 'device' order by seq desc limit 1) e on true
  order by d.id`;

/** The number of the last note of a device that is shown more of than that says, 0 where there is no note; null if there is none such. */
export async function readForgedDevice(pool: Pool, masters: MasterKeys): Promise<number | null> {
  for (let after = FIRST_UUID; ; ) {
    const { rows } = await pool.query<Row>(PAGE, [after]);
    const forged = rows.find((row) => isForged(row, masters));
    if (forged !== undefined) return forged.seq ?? 0;
    if (rows.length < PAGE_DEVICES) return null;
    after = rows.at(-1)!.device;
  }
}

function isForged(row: Row, masters: MasterKeys): boolean {
  const { master_key, flags } = row;
  if (master_key === null || (flags & FLAG.erasing) !== 0 || masters.find(master_key) === null) return false;
  const device = opened(() => openDevice(masters, { ...row, master_key }));
  if (device === null) return false;
  const { noted } = row;
  const said = noted && opened(() => openJson<DeviceState>(device.key, `consent_events.sealed ${device.id}`, noted));
  return said === null || showsMore(said, stateOf(device));
}

function opened<T>(open: () => T): T | null {
  try {
    return open();
  } catch {
    return null;
  }
}

/** True if by `now` anybody may be shown more than by what was noted. */
function showsMore(noted: DeviceState, now: DeviceState): boolean {
  const isKnown = (one: DeviceState['parental'][number]) =>
    noted.parental.some(({ id, at, precise, withdrawnAt }) => {
      const isSame = id === one.id && at === one.at && precise === one.precise;
      return isSame && withdrawnAt === one.withdrawnAt;
    });
  return (
    (noted.flags & ~now.flags) !== 0 ||
    (now.sources & ~noted.sources) !== 0 ||
    (now.marketing === true && noted.marketing === false) ||
    now.ageBand !== noted.ageBand ||
    now.jurisdiction !== noted.jurisdiction ||
    !now.parental.every(isKnown)
  );
}
