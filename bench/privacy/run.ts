// `npm run bench:privacy -- [--seeds N] [--from SEED] [--only A1,A2,A3,A7,A8,A9,A14,U] [--http] [--save FILE] [--load FILE]... [--docs]`: what an
// attacker gets out of the answers. Without --http all is in process, through the pure functions the gateway calls; with it two
// gateways are attacked as well (`--only http` for them alone). --save keeps the measured values, --load takes earlier ones
// instead of measuring, --docs writes the tables into docs/privacy.md and the plot beside it. Says which goals are missed.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { createRandom } from '../../fixtures/random.ts';
import { CONTEST, runSeed } from './contest.ts';
import { attackOverHttp, HTTP } from './over-http.ts';
import { drawAreasLeft } from './plot.ts';
import { createResults, missedGoals, printTable, type Results } from './results.ts';

const OURS = 'Honeyguide';
const DOCS = new URL('../../docs/privacy.md', import.meta.url);
const PLOT = new URL('../../docs/plots/privacy-area-left.svg', import.meta.url);
const [BEGIN, END] = ['<!-- numbers: written by npm run bench:privacy -- --docs -->', '<!-- end of numbers -->'];

const { values: options } = parseArgs({
  options: {
    seeds: { type: 'string', default: '5' },
    from: { type: 'string', default: '1' },
    only: { type: 'string' },
    http: { type: 'boolean', default: false },
    save: { type: 'string' },
    load: { type: 'string', multiple: true, default: [] },
    docs: { type: 'boolean', default: false },
  },
});
const say = (text: string) => console.error(text);
const results = createResults();
for (const file of options.load) results.read(readFileSync(file, 'utf8'));
if (options.load.length === 0) await measure();
save();

const tables = describe(results);
console.log(tables);
if (options.docs) {
  const page = readFileSync(DOCS, 'utf8');
  const from = page.indexOf(BEGIN) + BEGIN.length;
  const to = page.indexOf(END);
  if (to < from) throw new Error('docs/privacy.md has no place for numbers');
  writeFileSync(DOCS, `${page.slice(0, from)}\n${tables}\n${page.slice(to)}`);
  writeFileSync(PLOT, drawAreasLeft(results, OURS));
}

/** A long run that is stopped keeps what it has. */
function save(): void {
  if (options.save !== undefined) writeFileSync(options.save, results.write());
}

async function measure(): Promise<void> {
  const only = options.only?.split(',');
  const wanted = (attack: string) => only?.includes(attack) ?? true;
  const seeds = only?.join() === 'http' ? 0 : Number(options.seeds);
  const first = Number(options.from);
  for (let seed = first; seed < first + seeds; seed++) {
    runSeed(seed, CONTEST, wanted, results, say);
    save();
  }
  if (!options.http) return;
  await attackOverHttp(1, createRandom(1), HTTP, results, (text) => {
    say(text);
    save();
  });
}

function describe(measured: Results): string {
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  const texts = (['answers', 'counts', 'gateway'] as const).map((table) => printTable(measured, OURS, table));
  const missed = missedGoals(measured, OURS).map((one) => `- ${one}`);
  return `
${new Date().toISOString().slice(0, 10)}, ${commit}. Means over seeds ± half a 95 % interval; a goal that is missed is in bold.

${texts.filter((text) => text !== '').join('\n\n')}

${missed.length === 0 ? 'All goals are met.' : `Missed:\n${missed.join('\n')}`}
`;
}
