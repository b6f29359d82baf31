// `honeyguide removals`: requests to take an access point off the map, for the operator who checks them by hand. An address is
// never shown: the owner brings the code.

import { parseArgs } from 'node:util';
import { loadSecrets } from '../config/secrets.ts';
import { openAtRest } from '../process/at-rest.ts';
import { confirmRemoval, listRemovals } from '../rights/store.ts';
import { type CommandContext, UsageError } from './context.ts';
import { speaker } from './speaker.ts';
import { formatTable } from './table.ts';

export const usage = `usage: honeyguide removals list [--json]
       honeyguide removals confirm CODE [--json]

Requests that came in by POST /v1/privacy/bssid-removal and wait for a proof. Confirm one when you have seen that the
device is the requester's: its position is gone from all answers within a second, and it is never learnt or imported again.
`;

export async function run(args: string[], context: CommandContext): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { json: { type: 'boolean', default: false } },
  });
  const [verb, code, ...more] = positionals;
  const say = speaker(context, values.json);
  if (verb === 'list' && code === undefined) {
    const waiting = await listRemovals((await context.openStore()).pool);
    const requests = waiting.map((one) => ({ code: one.code, requestedAt: new Date(one.requestedAt).toISOString() }));
    say(
      requests,
      formatTable(
        ['CODE', 'REQUESTED'],
        requests.map((one) => [one.code, one.requestedAt.slice(0, 10)]),
      ),
    );
    return 0;
  }
  if (verb !== 'confirm' || code === undefined || more.length > 0) throw new UsageError('list, or confirm CODE?');
  const store = await context.openStore();
  const { barredKey, stationKey } = loadSecrets(context.config, context.random);
  const { macs } = await openAtRest(store.pool, stationKey);
  if (!(await confirmRemoval(store.pool, code, { macs, barredKey }, context.now())))
    throw new Error('no request waits under that code');
  say({ code, confirmed: true }, `Removed and barred ${code}.\n`);
  return 0;
}
