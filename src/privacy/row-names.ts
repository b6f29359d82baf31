// What rows of the ledger are called towards the person they are about: each person has numbers of their own. As they lie they are
// counted, and whoever sees two of them sees how many were written between (attack: a partner with a phone of its own says yes,
// asks about somebody else's phone, says yes again, and has told by the row of a refusal a child's, a restricted or a refusing
// phone from one that is unknown or not located). Promises: pure; a permutation of [0, 2^48), so that whoever compares a receipt, a
// copy and a consent finds the same row under the same number in each; says nothing of order, nor of anybody else's rows.
import { createSecretKey, hkdfSync } from 'node:crypto';
import { createMacCipher } from './mac-cipher.ts';

export type RowNames = {
  nameOf(seq: number): number;
  /** The row of that name; 0, which is none, for what can be no name. */
  seqOf(name: number): number;
};

const NAMES = 2 ** 48;

/** `deviceKey` is the device's own: 32 bytes that no answer holds. */
export function rowNamesOf(deviceKey: Uint8Array): RowNames {
  const key = hkdfSync('sha256', createSecretKey(deviceKey), '', 'names of rows', 32);
  const cipher = createMacCipher(new Uint8Array(key));
  return {
    nameOf: (seq) => cipher.seal('row', [seq])[0],
    seqOf: (name) => (Number.isInteger(name) && name >= 0 && name < NAMES ? cipher.open('row', [name])[0] : 0),
  };
}
