// A ledger of a test: the real chain over a real store, its key, and entries to write.
import { randomBytes } from 'node:crypto';
import type { Pool } from 'pg';
import { createInChain, type InChain } from '../../src/disclosures/chain.ts';
import { KIND, type LedgerEntry } from '../../src/disclosures/entry.ts';
import { ledgerReader } from '../../src/disclosures/store.ts';
import { type KnownEnd, type Verdict, verifyLedger } from '../../src/disclosures/verify.ts';

const LEDGER_KEY = Buffer.alloc(32, 7);
export const NOW = Date.UTC(2026, 10, 22, 12);

export function testChain(
  pool: Pool,
  settle: (seq: number) => Promise<void> = async () => {},
  isEager = false,
): InChain {
  return createInChain({ pool, ledgerKey: LEDGER_KEY, now: () => NOW, settle, isEager });
}

export function entry(overrides: Partial<LedgerEntry> = {}): LedgerEntry {
  return { at: NOW, kind: KIND.precise, application: 'app', subject: randomBytes(16), purpose: 'p', ...overrides };
}

/** Its rows alone: consents are often changed past the ledger here (test/cli/people.test.ts has that found out). */
export function verify(pool: Pool, known?: KnownEnd): Promise<Verdict> {
  return verifyLedger({ ...ledgerReader(pool), forgedConsent: async () => null }, LEDGER_KEY, known);
}
