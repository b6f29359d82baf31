// `honeyguide fold`: works all reports that wait into the map, now. A running gateway does the same on its own, every few seconds.

import { parseArgs } from 'node:util';
import { loadSecrets } from '../config/secrets.ts';
import { createFoldDeps, foldFor } from '../jobs/fold.ts';
import { openAtRest } from '../process/at-rest.ts';
import { DAY_MS } from '../time/spans.ts';
import { type CommandContext, UsageError } from './context.ts';
import { describeFailure } from './failure.ts';

export const usage = `usage: honeyguide fold [--json]

Folds the inbox until it is empty. Safe to interrupt (what is done stays done), to run again, and to run beside a server:
one of them folds at a time, the other waits for its turn.
`;

export async function run(args: string[], context: CommandContext): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { json: { type: 'boolean', default: false } },
  });
  if (positionals.length > 0) throw new UsageError('fold takes no arguments');
  const store = await context.openStore();
  const { barredKey, stationKey } = loadSecrets(context.config, context.random);
  const atRest = await openAtRest(store.pool, stationKey);
  let failed = 0;
  const deps = createFoldDeps(store, atRest, barredKey, (error) => {
    if (failed++ === 0)
      context.messages.write(`honeyguide: a station could not be folded: ${describeFailure(error)}\n`);
  });
  // Longer than any inbox takes: the bound is the inbox.
  const summary = await foldFor(DAY_MS, deps, { signal: context.signal, wait: true });
  const { rows, observations, stations, published } = summary;
  context.output.write(
    values.json
      ? `${JSON.stringify({ ...summary, failed })}\n`
      : `${rows} reports, ${observations} observations of ${stations} stations; ${published} rows of the map changed.\n`,
  );
  return failed > 0 ? 1 : 0;
}
