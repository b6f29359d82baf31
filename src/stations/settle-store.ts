// The end of witness numbers: who was told apart at a station on a day that is over. Promises: two days after a day's reports
// arrived no number of that day is left in what is learnt, also of a station that nobody heard since; what they proved is
// settled first, as the fold would; short transactions, never beside a fold; a state that can't be read is left as it is.
import type { ClientBase, Pool } from 'pg';
import { isPart } from '../radio/cell-parts.ts';
import { binaryBytes } from '../storage/binary-array.ts';
import { DAY_MS } from '../time/spans.ts';
import { inBatches } from './in-batches-store.ts';
import { MAC_KIND } from './index-contract.ts';
import { judgeOf } from './judge.ts';
import type { HeardKind } from './sighting.ts';
import { endDays, forgetBefore, witnessDays } from './whereabouts.ts';
import { decodeLearning, encodeLearning } from './whereabouts-bytes.ts';

/** Stations in one transaction, and transactions of each table in one run: what is left waits for the next. */
const BATCH = 500;
const MAX_BATCHES = 400;

type Row = { ctid: string; kind?: number; radio?: number; state: Buffer };
const TABLES = {
  mac_learning: {
    column: 'kind',
    kindOf: ({ kind }: Row): HeardKind => (kind === MAC_KIND.wifi ? 'wifi' : 'bluetooth'),
  },
  cell_learning: { column: 'radio', kindOf: ({ radio }: Row): HeardKind => (isPart(radio!) ? 'part' : 'cell') },
} as const;

/** Forgets who was heard before yesterday (UTC); stops between two transactions when the signal aborts. Resolves with how many stations. */
export async function settleWitnesses(db: Pool, nowMs: number, signal?: AbortSignal): Promise<number> {
  const beforeDay = Math.floor(nowMs / DAY_MS) - 1;
  let settled = 0;
  for (const table of Object.keys(TABLES) as (keyof typeof TABLES)[]) {
    const batches = { rows: BATCH, most: MAX_BATCHES, signal };
    settled += await inBatches(db, batches, (client) => settleSome(client, table, beforeDay));
  }
  return settled;
}

async function settleSome(client: ClientBase, table: keyof typeof TABLES, beforeDay: number): Promise<number> {
  const { column, kindOf } = TABLES[table];
  const { rows } = await client.query<Row>(
    `select ctid::text as ctid, ${column}, state from ${table} where witness_day < $1 order by witness_day limit ${BATCH}`,
    [beforeDay],
  );
  if (rows.length === 0) return 0;
  const after = rows.map((row) => settle(kindOf(row), row.state, beforeDay));
  await client.query(
    `update ${table} e set state = u.state, witness_day = u.witness_day
     from unnest($1::text[], $2::bytea[], $3::int4[]) as u(ctid, state, witness_day) where e.ctid = u.ctid::tid`,
    [
      rows.map(({ ctid }) => ctid),
      binaryBytes(
        'bytea',
        after.map(({ state }) => state),
      ),
      after.map(({ day }) => day),
    ],
  );
  return rows.length;
}

function settle(kind: HeardKind, state: Buffer, beforeDay: number): { state: Buffer; day: number | null } {
  try {
    const learning = decodeLearning(state);
    const { whereabouts } = learning;
    const days = witnessDays(whereabouts);
    // A day that is not over for the fold, which may still hear of it, is the fold's to end.
    if (days !== null && days.last < beforeDay) endDays(whereabouts, beforeDay, judgeOf(kind));
    else forgetBefore(whereabouts, beforeDay, judgeOf(kind));
    return { state: encodeLearning(learning), day: witnessDays(whereabouts)?.first ?? null };
  } catch {
    return { state, day: null };
  }
}
