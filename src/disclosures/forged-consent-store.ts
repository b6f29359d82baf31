// Consents against the ledger: whoever can write tables, but lacks the ledger's key, can make up a yes that nobody said, and every
// gateway would go by it, or take a no away, which shows a region, or the hold that a policy put on a yes; the row of its number says another thing then, or is
// not there, or is of a word of somebody else's or of before.
// Promises: one look at one moment; that what it allows, until when and whose it is are a row's too (consent-row-contract.ts), but of rows
// from before they were: for those, whose it is is what events say. Rows are dropped for age long after what they said has ended: no yes
// in force is that old.
import type { Pool } from 'pg';
import { FLAG } from '../devices/device-contract.ts';
import { CONSENT_DETAIL_SQL } from './consent-row-contract.ts';
import { KIND } from './entry.ts';

/** True if row `l` says what consent `c` says. */
const SAYS_SO = `l.kind = ${KIND.consent} and l.application = c.application and l.purpose = c.purpose
  and l.detail in (c.state, ${CONSENT_DETAIL_SQL})
  and l.precision = c.precision and l.policy_version = c.policy_version`;

/** True if consent `c` was said and is neither a no nor over by another word. */
const IS_SAID = `c.state in ('given', 'reconfirmed')`;
/** True if consent `c` is in force. */
const IN_FORCE = `${IS_SAID} and c.expires_at > extract(epoch from now()) * 1000`;
/** True if the row that consent `c` names is of somebody else's word, or of one that was followed by another. */
const IS_BORROWED = `exists (select from consent_events e where e.seq = c.event_seq and e.device <> c.device)
  or exists (select from consent_events e where e.device = c.device and e.seq > c.event_seq
    and e.application = c.application and e.purpose = c.purpose)`;
/** True if consent `c` is not held from when it waits for a new yes by the policies that are published (consent/suspension.ts), or later. */
const IS_LET_GO = `exists (select from policies p where p.material and p.effective_at < coalesce(c.suspended_at, 'Infinity'::float8)
  and (c.precision > 1 and cardinality(p.widens) > 0 or c.precision = 1 and not p.widens <@ '{precision}')
  and p.effective_at > coalesce((select own.effective_at from policies own where own.version = c.policy_version), 0))`;
/** True if event `c` is a no, somebody's last word, and does not stand. Other words go after three years, a no with its device only. */
const IS_LOST_NO = `(c.state in ('refused', 'objected') or c.precision = 0 and ${IS_SAID})
  and not exists (select from grants g where g.device = c.device and g.application = c.application and g.purpose = c.purpose)
  and not exists (select from consent_events e where e.device = c.device and e.seq > c.seq
    and e.application = c.application and e.purpose = c.purpose)
  and exists (select from devices d where d.id = c.device and d.flags & ${FLAG.erasing} = 0)`;

/** The number of the first event of consent, or consent as it stands, that is not what its row says, or of a no that is gone; null if there is none. */
export async function readForgedConsent(pool: Pool): Promise<number | null> {
  const { rows } = await pool.query<{ seq: number | null }>(
    `select min(f.seq)::float8 as seq from (
       (select c.seq from consent_events c cross join ledger_head h left join ledger l on l.seq = c.seq
        where c.seq > h.dropped_seq and (l.at = c.at
          and case when c.state = 'device' then l.kind = ${KIND.device} else ${SAYS_SO} end) is not true
        order by c.seq limit 1)
       union all
       (select c.event_seq from grants c cross join ledger_head h left join ledger l on l.seq = c.event_seq
        where (c.event_seq > h.dropped_seq or (${IN_FORCE})) and (${SAYS_SO}) is not true
          or ${IS_BORROWED} or ${IS_SAID} and ${IS_LET_GO} order by c.event_seq limit 1)
       union all
       (select c.seq from consent_events c where ${IS_LOST_NO} order by c.seq limit 1)) f`,
  );
  return rows[0].seq;
}
