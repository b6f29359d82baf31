// What a transparency report says of a year. Promises: numbers only; from what lasts: the ledger and tombstones, so that whoever is
// erased takes no disclosure and no request out of the report, and none is handed over more often than it was asked for.
import type { Pool } from 'pg';
import { KIND } from '../disclosures/entry.ts';
import { ASKED_FOR, HANDED_OVER } from './legal-words.ts';
import { requestsIn } from './request-totals.ts';

type Counts = Readonly<Record<string, number>>;
type Transparency = {
  readonly year: number;
  readonly requested: Counts;
  readonly handedOver: Counts;
  readonly refusedOrOpen: Counts;
  readonly requestsOfPeople: Counts;
  readonly complaints: number;
  readonly erasures: Counts;
};

/** Disclosures that were asked for in the span: also those of a version before, which had no row in the ledger for that. */
const ASKED = `select substr(detail, ${ASKED_FOR.length + 1}, 36) as id, basis from ledger
    where kind = ${KIND.legal} and at >= $1 and at < $2 and detail like '${ASKED_FOR}%'
  union select id::text, basis from legal_disclosures where requested_at >= $1 and requested_at < $2`;
const HANDED = `select substr(detail, ${HANDED_OVER.length + 1}, 36) as id, basis, at from ledger
    where kind = ${KIND.legal} and detail like '${HANDED_OVER}%'`;

/** Of a calendar year in UTC. */
export async function transparency(db: Pool, year: number): Promise<Transparency> {
  const span = [Date.UTC(year, 0, 1), Date.UTC(year + 1, 0, 1)];
  const count = async (sql: string): Promise<Counts> => {
    const { rows } = await db.query<{ name: string; n: number }>(sql, span);
    return Object.fromEntries(rows.map(({ name, n }) => [name, n]));
  };
  const complaints = await count(
    "select 'all' as name, count(*)::int as n from complaints where received_at >= $1 and received_at < $2 having count(*) > 0",
  );
  return {
    year,
    requested: await count(`select basis as name, count(*)::int as n from (${ASKED}) a group by 1 order by 1`),
    handedOver: await count(
      `select basis as name, count(*)::int as n from (${HANDED}) h where at >= $1 and at < $2 group by 1 order by 1`,
    ),
    refusedOrOpen: await count(
      `select basis as name, count(*)::int as n from (${ASKED}) a
       where not exists (select from (${HANDED}) h where h.id = a.id) group by 1 order by 1`,
    ),
    requestsOfPeople: await countRequests(db, year, span),
    complaints: complaints.all ?? 0,
    erasures: await count(
      'select cause as name, count(*)::int as n from erasures where started_at >= $1 and started_at < $2 group by 1 order by 1',
    ),
  };
}

/** Those that are kept, and those that went with somebody who was erased, which the ledger has the number of. */
async function countRequests(db: Pool, year: number, span: readonly number[]): Promise<Counts> {
  const kept = await db.query<{ kind: string; n: number }>(
    `select kind, count(*)::int as n from rights_requests r where received_at >= $1 and received_at < $2
       and not exists (select from erasures e where e.device = r.device) group by 1`,
    [...span],
  );
  const gone = await db.query<{ detail: string }>(
    `select detail from ledger where kind = ${KIND.rights} and at >= $1 and detail like 'requests: %'`,
    [span[0]],
  );
  const total: Record<string, number> = {};
  const all = [...kept.rows, ...gone.rows.flatMap(({ detail }) => requestsIn(detail, year))];
  for (const { kind, n } of all.sort((a, b) => (a.kind < b.kind ? -1 : 1))) total[kind] = (total[kind] ?? 0) + n;
  return total;
}
