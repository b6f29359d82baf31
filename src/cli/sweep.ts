// `honeyguide sweep`: everything whose time is over goes now; a running gateway does it every hour, in the map every six.
import { parseArgs } from 'node:util';
import { sweepStore } from '../jobs/rights.ts';
import { sweepWholeMap } from '../jobs/sweep-map.ts';
import { farAheadMs } from '../process/right-clock.ts';
import { countOverdue } from '../rights/retention-store.ts';
import { reclaimRoom } from '../storage/reclaim.ts';
import type { CommandContext } from './context.ts';
import { openDesk } from './desk.ts';
import { speaker } from './speaker.ts';

export const usage = `usage: honeyguide sweep [--check] [--json]

Deletes what is past its time to live, table by table (src/rights/registry.ts), goes on with erasures, and forgets what nobody
hears any more of the map. --check only counts what is overdue of the tables, and fails if anything is.
By a clock that is over an hour from the store's it does neither: what it ended could not be brought back.
`;

export async function run(args: string[], context: CommandContext): Promise<number> {
  const { values } = parseArgs({
    args,
    options: { check: { type: 'boolean', default: false }, json: { type: 'boolean', default: false } },
  });
  const say = speaker(context, values.json);
  const { store, erasing } = await openDesk(context);
  requireRightClock(context.now(), await context.storeMs(store.pool));
  const lines = (rows: Record<string, number>) =>
    Object.entries(rows)
      .map(([table, n]) => `${table} ${n}\n`)
      .join('');
  if (!values.check) {
    const gone = {
      ...(await sweepStore(erasing, context.signal)),
      ...(await sweepWholeMap(store.pool, context.now(), context.config.forgetAfterDays, context.signal)),
    };
    await reclaimRoom(store, context.signal);
    say({ gone }, Object.keys(gone).length === 0 ? 'Nothing was over.\n' : lines(gone));
  }
  const overdue = await countOverdue(store.pool, context.now());
  if (values.check) say({ overdue }, Object.keys(overdue).length === 0 ? 'Nothing is overdue.\n' : lines(overdue));
  return Object.keys(overdue).length === 0 ? 0 : 1;
}

function requireRightClock(nowMs: number, storeMs: number): void {
  const aheadMs = farAheadMs(nowMs, storeMs);
  if (aheadMs === 0) return;
  const hours = Math.round(Math.abs(aheadMs) / 360_000) / 10;
  const where = aheadMs > 0 ? 'ahead of' : 'behind';
  throw new Error(`this machine’s clock is ${hours} hours ${where} the store’s: nothing is ended by it`);
}
