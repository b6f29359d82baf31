// What a row of the ledger says of the consent of its number, beside its own columns: the consent's state, and a digest of what it
// allows and of whose it is. Promises: pure; the same digest here and in SQL, of columns that `grants` and `consent_events` both
// have; nobody reads in it what was allowed, nor whose it was, once the random ids it is made of are erased.
import { createHash } from 'node:crypto';

/** Of a consent as it is written: `device` and `record` are UUIDs, `expiresAt` epoch milliseconds, null = never. */
export type ToldConsent = {
  readonly state: string;
  readonly device: string;
  readonly record: string;
  readonly scopes: readonly string[];
  /** Bits of SOURCE. */
  readonly sources: number;
  readonly expiresAt: number | null;
};

/** `given 5f0c...`: the detail of a consent's row. Rows that were written before this had the state alone. */
export function consentDetail({ state, device, record, scopes, sources, expiresAt }: ToldConsent): string {
  const told = [device, record, scopes.join(','), sources, expiresAt ?? 'never'].join('|');
  return `${state} ${createHash('sha256').update(told).digest('hex')}`;
}

/** SQL: the same of a row `c` of `grants` or `consent_events`. */
export const CONSENT_DETAIL_SQL = `c.state || ' ' || encode(sha256(convert_to(concat_ws('|', c.device, c.record,
    array_to_string(c.scopes, ','), c.sources, coalesce(c.expires_at::text, 'never')), 'UTF8')), 'hex')`;
