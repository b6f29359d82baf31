// The master keys in the secrets file: `masterKey` wraps keys of devices, `nextMasterKey` soon will, `oldMasterKey` still opens some.
// Promises: a key goes through three steps, each a file that can be copied to every host before the next: known, current, gone;
// so that no host ever meets a key it does not know. The file is replaced whole.
import { readFileSync } from 'node:fs';
import { changeSecrets } from './secrets.ts';

const KEY_BYTES = 32;
const HEX = /^[0-9a-f]{64}$/i;

type Keys = { masterKey: string; nextMasterKey?: string; oldMasterKey?: string };

/** All of them, the current one first. Throws a sentence that names no key. */
export function readMasterKeys(path: string): Buffer[] {
  const { masterKey, nextMasterKey, oldMasterKey } = keysOf(JSON.parse(readFileSync(path, 'utf8')));
  return [masterKey, nextMasterKey, oldMasterKey].flatMap((hex) =>
    hex === undefined ? [] : [Buffer.from(hex, 'hex')],
  );
}

function keysOf({ masterKey, nextMasterKey, oldMasterKey }: Record<string, unknown>): Keys {
  const given = [masterKey, nextMasterKey, oldMasterKey].filter((hex) => hex !== undefined);
  if (masterKey === undefined || !given.every((hex) => typeof hex === 'string' && HEX.test(hex)))
    throw new Error('masterKey, nextMasterKey and oldMasterKey of the secrets file must be 32 bytes as hex each');
  return { masterKey, nextMasterKey, oldMasterKey } as Keys;
}

/** Makes a new key known, not used yet. False if a rotation is under way. */
export function prepareMasterKey(path: string, random: (bytes: number) => Buffer): boolean {
  return change(path, random, ({ masterKey, nextMasterKey, oldMasterKey }) =>
    (nextMasterKey ?? oldMasterKey) === undefined
      ? { masterKey, nextMasterKey: random(KEY_BYTES).toString('hex') }
      : null,
  );
}

/** Makes the next key the current one, and the current one old. False if none was prepared. */
export function switchMasterKey(path: string, random: (bytes: number) => Buffer): boolean {
  return change(path, random, ({ masterKey, nextMasterKey }) =>
    nextMasterKey === undefined ? null : { masterKey: nextMasterKey, oldMasterKey: masterKey },
  );
}

/** Forgets the old key. False if there is none. */
export function forgetOldMasterKey(path: string, random: (bytes: number) => Buffer): boolean {
  return change(path, random, ({ masterKey, oldMasterKey }) => (oldMasterKey === undefined ? null : { masterKey }));
}

function change(path: string, random: (bytes: number) => Buffer, edit: (keys: Keys) => Keys | null): boolean {
  let changed = false;
  changeSecrets(path, random, ({ given }) => {
    const after = edit(keysOf(given));
    if (after === null) return null;
    changed = true;
    // Fields that are undefined now are not written.
    return { ...given, nextMasterKey: undefined, oldMasterKey: undefined, ...after };
  });
  return changed;
}
