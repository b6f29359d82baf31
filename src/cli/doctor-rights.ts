// The doctor's look at what people are owed: nothing kept past its time, nobody waiting past the due date, no erasure that stands
// still, keys of devices that this installation can open.
import type { Pool } from 'pg';
import { countOverdue } from '../rights/retention-store.ts';
import { DAY_MS } from '../time/spans.ts';
import type { Finding } from './finding.ts';

export async function checkRights(pool: Pool, nowMs: number): Promise<Finding[]> {
  const overdue = Object.entries(await countOverdue(pool, nowMs - DAY_MS));
  const retention: Finding =
    overdue.length === 0
      ? { what: 'retention', state: 'ok', says: 'nothing is kept past its time' }
      : {
          what: 'retention',
          state: 'wrong',
          says: `${overdue.map(([table, n]) => `${n} of ${table}`).join(', ')} past their time for a day: honeyguide sweep`,
        };
  const { rows } = await pool.query(
    `select (select count(*)::int from rights_requests where state not in ('done', 'refused') and due_at < $1) as requests,
       (select count(*)::int from complaints where state in ('received', 'dissatisfied') and due_at < $1) as complaints,
       (select count(*)::int from erasures where device is not null and started_at < $1 - ${DAY_MS}
         and not exists (select from legal_holds h where h.device = erasures.device and h.ends_at > $1)) as erasures`,
    [nowMs],
  );
  const { requests, complaints, erasures } = rows[0];
  const waiting = requests + complaints;
  return [
    retention,
    waiting === 0
      ? { what: 'requests', state: 'ok', says: 'nobody waits past a due date' }
      : {
          what: 'requests',
          state: 'wrong',
          says: `${requests} requests and ${complaints} complaints are past their due date`,
        },
    erasures === 0
      ? { what: 'erasures', state: 'ok', says: 'none stands still' }
      : { what: 'erasures', state: 'wrong', says: `${erasures} did not end within a day` },
  ];
}
