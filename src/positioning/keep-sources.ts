// Forgets of a phone's readings what its owner, or the grant that is asked about, does not let us use. Promises: a source
// that is off is used for nothing, not even to tell a country; the rest stays as it was read.
import { SOURCE } from '../devices/device-contract.ts';
import type { Readings } from './readings.ts';

/** Leaves the sources of `mask` (bits of SOURCE) in `readings`. */
export function keepSources(readings: Readings, mask: number): void {
  if ((mask & SOURCE.gps) === 0) readings.fix.present = false;
  if ((mask & SOURCE.cell) === 0) {
    readings.cells.count = 0;
    readings.unsaid.length = 0;
  }
  if ((mask & SOURCE.wifi) === 0) readings.wifi.count = 0;
  if ((mask & SOURCE.bluetooth) === 0) readings.bluetooth.count = 0;
  if ((mask & SOURCE.ip) === 0) readings.ip = undefined;
}
