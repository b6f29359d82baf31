// `honeyguide doctor`: looks at everything an installation needs and says what is missing and what is weak.
// Promises: changes nothing but what a start would (an embedded store is opened, so made and migrated), and with --repair what
// it says there; names no secret.

import { parseArgs } from 'node:util';
import { ConfigError } from '../config/env.ts';
import type { CommandContext } from './context.ts';
import { checkMachine } from './doctor-machine.ts';
import { checkStore } from './doctor-store.ts';
import type { Finding } from './finding.ts';

export const usage = `usage: honeyguide doctor [--repair] [--json]

Checks Node, configuration, secrets, store, migrations, keys, IP database, index snapshot and threads.
Exits with 1 if something is wrong; what is merely weak is said and leaves 0. With --repair rows of a dump restored from
another server are counted as changed here, as the next start of a gateway would.
`;

export async function run(args: string[], context: CommandContext): Promise<number> {
  const { values } = parseArgs({
    args,
    options: { json: { type: 'boolean', default: false }, repair: { type: 'boolean', default: false } },
  });
  const findings = await examine(context, values.repair);
  const healthy = findings.every((finding) => finding.state !== 'wrong');
  if (values.json) context.output.write(`${JSON.stringify({ healthy, findings })}\n`);
  else {
    for (const { what, state, says } of findings) context.output.write(`${state.padEnd(5)}  ${what}: ${says}\n`);
  }
  return healthy ? 0 : 1;
}

async function examine(context: CommandContext, repair: boolean): Promise<Finding[]> {
  const node: Finding =
    Number.parseInt(process.versions.node, 10) >= 24
      ? { what: 'node', state: 'ok', says: process.versions.node }
      : { what: 'node', state: 'wrong', says: `${process.versions.node} is too old: 24 or newer is needed` };
  try {
    const config = context.config;
    return [node, ...(await checkMachine(config, context.now())), ...(await checkStore(context, repair))];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return [node, ...error.problems.map((says): Finding => ({ what: 'configuration', state: 'wrong', says }))];
  }
}
