// Consents against the ledger: whoever can write tables, but lacks the ledger's key, can make up a yes that nobody said, and every
// gateway would go by it; the row of its number says another thing then, or is not there. Promises: one look at one moment; of
// scopes, sources and ends a row says nothing. Rows are dropped for age long after what they said has ended: no yes in force is that old.
import type { Pool } from 'pg';
import { KIND } from './entry.ts';

/** True if row `l` says what consent `c` says. */
const SAYS_SO = `l.kind = ${KIND.consent} and l.application = c.application and l.purpose = c.purpose and l.detail = c.state
  and l.precision = c.precision and l.policy_version = c.policy_version`;

/** The number of the first event of consent, or consent as it stands, that is not what its row says; null if there is none. */
export async function readForgedConsent(pool: Pool): Promise<number | null> {
  const { rows } = await pool.query<{ seq: number | null }>(
    `select min(f.seq)::float8 as seq from (
       (select c.seq from consent_events c cross join ledger_head h left join ledger l on l.seq = c.seq
        where c.seq > h.dropped_seq and (l.at = c.at
          and case when c.state = 'device' then l.kind = ${KIND.device} else ${SAYS_SO} end) is not true
        order by c.seq limit 1)
       union all
       (select c.event_seq from grants c cross join ledger_head h left join ledger l on l.seq = c.event_seq
        where (c.event_seq > h.dropped_seq or (c.state in ('given', 'reconfirmed')
            and c.expires_at > extract(epoch from now()) * 1000)) and (${SAYS_SO}) is not true order by c.event_seq limit 1)) f`,
  );
  return rows[0].seq;
}
