// The master keys of an installation: the one that wraps keys of devices now, and those that still may have wrapped some
// while a rotation is under way (`honeyguide master-key prepare`, `switch`, `retire`). Promises: pure; a key is found by the name that is stored
// beside what it wrapped, so that nothing is tried against a wrong one.
import { type MasterKey, masterKeyOf, unwrapDeviceKey } from './device-key.ts';

export type MasterKeys = {
  /** Wraps new keys. */
  readonly current: MasterKey;
  /** The key of that name, null if this installation has none (any more). */
  find(name: Uint8Array): MasterKey | null;
};

/** `keys`: the current one first. */
export function masterKeysOf(keys: readonly Uint8Array[]): MasterKeys {
  const known = keys.map(masterKeyOf);
  return {
    current: known[0],
    find: (name) => known.find((one) => one.name.equals(name)) ?? null,
  };
}

/** The key of a device from its row of `device_keys`; null if no master key of ours opens it. */
export function openDeviceKey(
  keys: MasterKeys,
  row: { readonly device: string; readonly master_key: Uint8Array; readonly wrapped: Uint8Array },
): Buffer | null {
  const master = keys.find(row.master_key);
  return master === null ? null : unwrapDeviceKey(master, row.device, row.wrapped);
}
