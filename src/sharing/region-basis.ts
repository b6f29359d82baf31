// On which basis a region is booked in the ledger. Promises: pure. There is one region for all partners, found by whatever the
// phone lets us use. Who was granted a region by some sources is told that one all the same, because silence would show as much; but
// what came from other sources is no part of that consent, and is not booked as if it were.
import type { Grant, Reason } from '../consent/decide.ts';
import type { LedgerEntry } from '../disclosures/entry.ts';

/** `foundBy`: bits of SOURCE of all that the region came from. */
export function regionBasis(
  reason: Reason,
  grant: Pick<Grant, 'sources'> | null,
  foundBy: number,
): Pick<LedgerEntry, 'basis' | 'detail'> {
  if (reason !== 'regionGranted') return { basis: 'anonymous', detail: reason };
  const isCovered = grant !== null && (foundBy & ~grant.sources) === 0;
  return isCovered ? { basis: 'consent', detail: reason } : { basis: 'anonymous', detail: 'otherSources' };
}
