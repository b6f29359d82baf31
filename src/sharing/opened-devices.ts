// Devices whose key and profile were opened lately, by token, so that a phone that is asked about again costs neither their
// way here nor a decryption. Promises: only a memo: the store reads every row anew each time and leaves out of its answer only
// ciphertexts of which it was shown the digest; a device is out of it when replicas are told to forget it for all (erasure does), and
// everything is at the end of the tick.
import { hash } from 'node:crypto';
import type { DeviceRow } from '../devices/profile.ts';
import type { LeaseReader } from './lease-memory.ts';
import type { Subject } from './subjects-store.ts';
import { createTickMemory, type Reading } from './tick-memory.ts';

export type Opened = {
  /** Of its ciphertexts (`digestOf`). */
  readonly digest: Buffer;
  /** What else the store said, letter by letter. */
  readonly told: string;
  readonly subject: Subject;
};

export type OpenedDevices = {
  begin(): Reading;
  /** What was opened for a token's hash (base64url), in this tick. */
  find(token: string): Opened | null;
  remember(reading: Reading, token: string, opened: Opened): void;
};

/**
 * As if for an application that nobody has: what a phone says to one leaves its key and profile as they are. Attack: another, that is shown it
 * all the time, sees by how soon it is guessed again (guess-store.ts), and by the decryption, that there was a yes or a no.
 */
const NOBODY = '';

/** Devices of one thread that are kept open. */
const MAX_DEVICES = 20_000;

/** `tickOf` numbers the ticks at the end of which everything is closed. */
export function createOpenedDevices(lease: LeaseReader, tickOf: () => number): OpenedDevices {
  const opened = createTickMemory<Opened>(lease, MAX_DEVICES);
  return {
    begin: opened.begin,
    find: (token) => opened.find('', token, tickOf(), 0),
    remember: (reading, token, one) =>
      opened.remember(reading, one.subject.device.id, NOBODY, '', token, tickOf(), Number.POSITIVE_INFINITY, one),
  };
}

/** As the store computes it: SHA-256 of the ciphertexts, end to end. */
export function digestOf(row: Pick<DeviceRow, 'master_key' | 'wrapped' | 'sealed'>): Buffer {
  return Buffer.from(hash('sha256', Buffer.concat([row.master_key, row.wrapped, row.sealed]), 'hex'), 'hex');
}
