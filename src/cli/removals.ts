// `honeyguide removals`: requests to take an access point off the map, for the operator who checks them by hand. An address is
// never shown: the owner brings the code.

import { parseArgs } from 'node:util';
import type { Pool } from 'pg';
import { loadSecrets } from '../config/secrets.ts';
import { openAtRest } from '../process/at-rest.ts';
import { confirmRemoval, isRemoval, listBarred, listRemovals, undoRemoval } from '../rights/store.ts';
import { iso } from '../time/iso.ts';
import { type CommandContext, UsageError } from './context.ts';
import { speaker } from './speaker.ts';
import { formatTable } from './table.ts';

export const usage = `usage: honeyguide removals list [--json]
       honeyguide removals confirm CODE [--json]
       honeyguide removals undo CODE [--json]

Requests that came in by POST /v1/privacy/bssid-removal: those that wait for a proof, and the last thousand that were carried
out, by a proof or by you. Confirm one when you have seen that the device is the requester's: its position is gone from all
answers within a second, and it is never learnt or imported again. Undo one that turns out to be forged: the map may learn the
access point again, and an import brings its position back.
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
    const requests = await listAll((await context.openStore()).pool);
    say(
      requests,
      formatTable(
        ['CODE', 'REQUESTED', 'REMOVED'],
        requests.map((one) => [one.code, one.requestedAt?.slice(0, 10) ?? '-', one.removedAt?.slice(0, 16) ?? 'waits']),
      ),
    );
    return 0;
  }
  if ((verb !== 'confirm' && verb !== 'undo') || code === undefined || more.length > 0)
    throw new UsageError('list, confirm CODE or undo CODE?');
  const store = await context.openStore(async (client) => ({
    object: (await isRemoval(client, code)) ? `${verb} ${code}` : null,
  }));
  if (verb === 'undo') {
    if (!(await undoRemoval(store.pool, code))) throw new Error('nothing was removed under that code');
    say({ code, undone: true }, `${code} may be learnt again.\n`);
    return 0;
  }
  const { barredKey, stationKey } = loadSecrets(context.config, context.random);
  const { macs } = await openAtRest(store.pool, stationKey);
  if (!(await confirmRemoval(store.pool, code, { macs, barredKey }, context.now())))
    throw new Error('no request waits under that code');
  say({ code, confirmed: true }, `Removed and barred ${code}.\n`);
  return 0;
}

/** Times as ISO; null = a removal that was carried out has forgotten when it was asked for; a request that waits is not removed. */
async function listAll(db: Pool): Promise<{ code: string; requestedAt: string | null; removedAt: string | null }[]> {
  return [
    ...(await listRemovals(db)).map((one) => ({ code: one.code, requestedAt: iso(one.requestedAt), removedAt: null })),
    ...(await listBarred(db)).map((one) => ({ code: one.code, requestedAt: null, removedAt: iso(one.barredAt) })),
  ];
}
