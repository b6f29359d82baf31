// Registered devices for tests of rights, on a real store, under fixed keys.
import { randomBytes, randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { masterKeysOf } from '../../src/devices/master-keys.ts';
import { NEW_PROFILE, type Profile } from '../../src/devices/profile.ts';
import { changeDevice, registerDevice } from '../../src/devices/store.ts';
import { hashToken } from '../../src/devices/token.ts';
import { createInChain, type InChain } from '../../src/disclosures/chain.ts';
import { KIND } from '../../src/disclosures/entry.ts';
import type { Person } from '../../src/rights/challenges-store.ts';
import { type EraseDeps, findPerson } from '../../src/rights/erase-store.ts';

export const MASTERS = masterKeysOf([Buffer.alloc(32, 1)]);
export const MARKER_KEY = Buffer.alloc(32, 2);
const LEDGER_KEY = Buffer.alloc(32, 3);
export const START_MS = Date.UTC(2026, 10, 22, 12);

/** The ledger's writer without replicas; `settled` notes what was announced. */
export function testChain(pool: Pool, now: () => number, settled: number[] = []): InChain {
  return createInChain({ pool, ledgerKey: LEDGER_KEY, now, settle: async (seq) => void settled.push(seq) });
}

export function eraseDeps(pool: Pool, now: () => number, more: Partial<EraseDeps> = {}): EraseDeps {
  return {
    pool,
    inChain: testChain(pool, now),
    masters: MASTERS,
    markerKey: MARKER_KEY,
    now,
    changeDevice: (client, chain, ...rest) =>
      changeDevice(client, chain, { masters: MASTERS, random: randomBytes }, ...rest),
    ...more,
  };
}

type Registered = Person & { readonly token: string; readonly tokenHash: Buffer; readonly proofKey: Buffer };

export async function register(
  pool: Pool,
  nowMs: number = START_MS,
  profile: Partial<Profile> = { jurisdiction: 'NL', ageBand: '18plus' },
): Promise<Registered> {
  const id = randomUUID();
  const { token, proofKey } = await testChain(
    pool,
    () => nowMs,
  )((client, chain) =>
    registerDevice(client, chain, { masters: MASTERS, random: randomBytes }, id, { ...NEW_PROFILE, ...profile }, nowMs),
  );
  const person = (await findPerson(pool, MASTERS, id))!;
  return { ...person, token, tokenHash: hashToken(token), proofKey: Buffer.from(proofKey, 'base64url') };
}

/** Writes a precise disclosure of the device to an application. */
export async function disclose(
  pool: Pool,
  subject: Buffer,
  application: string,
  nowMs: number = START_MS,
): Promise<void> {
  await testChain(
    pool,
    () => nowMs,
  )(async (_client, chain) => {
    chain.append({
      at: nowMs,
      kind: KIND.precise,
      application,
      subject,
      purpose: 'dpv:ServiceProvision',
      basis: 'consent',
      precision: 2,
      eventSeq: 1,
      policyVersion: '2017-06-30',
    });
  });
}
