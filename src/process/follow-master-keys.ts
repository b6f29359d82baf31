// The master keys of a process that runs while they are rotated: the secrets file is looked at again when it changed, at most once a
// second, and at once when a key of a device names one that is not known. Promises: a file that can't be read leaves the
// last good keys in force.
import { statSync } from 'node:fs';
import { readMasterKeys } from '../config/master-keys.ts';
import { type MasterKeys, masterKeysOf } from '../devices/master-keys.ts';

const LOOK_MS = 1_000;

/**
 * `monotonicMs` is no clock of the day: set back, that would leave a key in use that was retired meanwhile, and what it wraps
 * would be lost. Throws if the file can't be read at the start.
 */
export function followMasterKeys(path: string, monotonicMs: () => number): MasterKeys {
  let keys = masterKeysOf(readMasterKeys(path));
  let changedMs = statSync(path).mtimeMs;
  let lookedMs = monotonicMs();

  function look(): void {
    lookedMs = monotonicMs();
    try {
      const { mtimeMs } = statSync(path);
      if (mtimeMs === changedMs) return;
      keys = masterKeysOf(readMasterKeys(path));
      changedMs = mtimeMs;
    } catch {
      // Half-way through an edit by hand, or its folder is closed to us: a later look finds it whole.
    }
  }

  return {
    get current() {
      if (monotonicMs() - lookedMs >= LOOK_MS) look();
      return keys.current;
    },
    find(name) {
      if (monotonicMs() - lookedMs >= LOOK_MS) look();
      const known = keys.find(name);
      if (known !== null) return known;
      look();
      return keys.find(name);
    },
  };
}
