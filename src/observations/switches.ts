// What a phone that says who it is keeps to itself of its reports: whatever its user switched off. Promises: pure; nothing of a
// source that is off is left, but that an address beyond what is read said no; each thing taken away is counted.
import { SOURCE } from '../devices/device-contract.ts';
import type { Drops, Report } from './report.ts';

/** Takes what is not of `sources` (bits of SOURCE) out of a report; a report without its fix teaches nothing. */
export function dropSwitchedOff(report: Report, sources: number, drops: Drops): void {
  if ((sources & SOURCE.gps) === 0 && report.fix !== null) {
    report.fix = null;
    drops.switchedOff++;
  }
  if ((sources & SOURCE.wifi) === 0) {
    drops.switchedOff += report.wifi.length;
    report.wifi = [];
    report.refusedBeyond = [];
  }
  if ((sources & SOURCE.bluetooth) === 0) {
    drops.switchedOff += report.bluetooth.length;
    report.bluetooth = [];
  }
  if ((sources & SOURCE.cell) === 0) {
    drops.switchedOff += report.cells.length;
    report.cells = [];
  }
}
