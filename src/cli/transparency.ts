// `honeyguide transparency`: how often data was asked for and handed over, and what people asked; numbers only.
import { parseArgs } from 'node:util';
import { transparency } from '../rights/transparency-store.ts';
import { type CommandContext, UsageError } from './context.ts';
import { speaker } from './speaker.ts';

export const usage = `usage: honeyguide transparency [--year YYYY] [--json]

Counts of a year, to be published: disclosures asked for and carried out by basis (gagged ones too), requests and complaints of
people, erasures by cause; who was erased stays counted. Rows are kept three years.
`;

export async function run(args: string[], context: CommandContext): Promise<number> {
  const { values } = parseArgs({
    args,
    options: { year: { type: 'string' }, json: { type: 'boolean', default: false } },
  });
  const year = values.year === undefined ? new Date(context.now()).getUTCFullYear() : Number(values.year);
  if (!Number.isInteger(year) || year < 2017 || year > 9999) throw new UsageError('--year must be a year from 2017 on');
  const report = await transparency((await context.openStore()).pool, year);
  const part = (name: string, counts: Readonly<Record<string, number>>) =>
    `${name}: ${
      Object.entries(counts)
        .map(([what, n]) => `${what} ${n}`)
        .join(', ') || 'none'
    }\n`;
  speaker(context, values.json)(
    report,
    `${year}\n${part('disclosures asked for', report.requested)}${part('handed over', report.handedOver)}${part(
      'not carried out',
      report.refusedOrOpen,
    )}${part('requests of people', report.requestsOfPeople)}complaints: ${report.complaints}\n${part('erasures', report.erasures)}`,
  );
  return 0;
}
