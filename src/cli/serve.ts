// `honeyguide serve`: the gateway, as `npm start` runs it.

import { parseArgs } from 'node:util';
import type { CommandContext } from './context.ts';

export const usage = `usage: honeyguide serve [--demo]

Runs the gateway until SIGTERM or Ctrl-C. --demo fills an empty store with the made-up world of fixtures/ first.
`;

export async function run(args: string[], context: CommandContext): Promise<number> {
  const { values } = parseArgs({
    args,
    options: { demo: { type: 'boolean', default: false }, json: { type: 'boolean', default: false } },
  });
  const { serve } = await import('../main.ts');
  await serve(context.config, { demo: values.demo });
  return 0;
}
