// Devices whose key and profile were opened lately, so that a phone that is asked about again costs no decryption. Promises:
// only a memo: it holds for exactly the ciphertexts that the store has now, read anew each time; a device is out of it when
// replicas are told to forget it (erasure does), and everything is at the end of the tick.
import type { Device, DeviceRow } from '../devices/profile.ts';
import type { LeaseReader } from './lease-memory.ts';
import { createTickMemory } from './tick-memory.ts';

type Opened = { readonly row: DeviceRow; readonly device: Device };

/** Devices of one thread that are kept open. */
const MAX_DEVICES = 20_000;

/** `open` decrypts; `tickOf` numbers the ticks at the end of which everything is closed. */
export function createOpenedDevices(
  lease: LeaseReader,
  open: (row: DeviceRow) => Device,
  tickOf: () => number,
): (row: DeviceRow) => Device {
  const opened = createTickMemory<Opened>(lease, MAX_DEVICES);
  return (row) => {
    const tick = tickOf();
    const known = opened.find('', row.device, tick, 0);
    if (known?.row.sealed.equals(row.sealed) && known.row.wrapped.equals(row.wrapped)) {
      const { flags, parental } = row;
      return { ...known.device, flags, parental, createdAt: row.created_at, lastUsedDay: row.last_used_day };
    }
    const device = open(row);
    opened.remember(opened.begin(), row.device, '', row.device, tick, Number.POSITIVE_INFINITY, { row, device });
    return device;
  };
}
