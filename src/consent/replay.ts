// What decisions of an earlier moment were made on, out of events alone (privacy.md 5). Promises: pure; the state in the store is
// never asked, so that it can be checked by this; a moment is a row of the ledger, because rows are in one order and clocks are
// not.
import type { DeviceState } from '../devices/device-contract.ts';
import type { PolicyVersion } from '../policy/versions.ts';
import type { Grant } from './decide.ts';
import { type ConsentEvent, type DeviceEvent, grantOf } from './events.ts';

/** A policy, and the row of the ledger that says it was published; 0 = before there was any. */
type Publication = { readonly seq: number; readonly policy: PolicyVersion };

type History = { readonly events: readonly ConsentEvent[]; readonly devices: readonly DeviceEvent[] };

/**
 * The device and its grant to an application and purpose as they were once row `seq` of the ledger was written.
 * `history` is in the order of its numbers. Null if the device was not registered yet. Events stay for three years after what
 * followed them (rights/registry-people.ts), as rows of the ledger do after their time: true of every row that is still there, except
 * that a consent which ended more than three years ago is silence.
 */
export function replayTo(
  history: History,
  publications: readonly Publication[],
  about: { readonly application: string; readonly purpose: string },
  seq: number,
): { readonly device: DeviceState; readonly grant: Grant | null } | null {
  const device = history.devices.findLast((event) => event.seq <= seq);
  if (device === undefined) return null;
  const last = history.events.findLast(
    (event) => event.seq <= seq && event.application === about.application && event.purpose === about.purpose,
  );
  const published = publications.filter((one) => one.seq <= seq).map(({ policy }) => policy);
  return { device: device.device, grant: last === undefined ? null : grantOf(last, published) };
}
