// `npm run bench:privacy -- [--seeds N] [--only A1,A2,...] [--json]`: what an attacker gets out of the answers.
import { parseArgs } from 'node:util';
import { CONTEST, runSeed } from './contest.ts';
import { createResults, missedGoals, printTable } from './results.ts';

const { values } = parseArgs({
  options: { seeds: { type: 'string', default: '5' }, only: { type: 'string' } },
});
const only = values.only?.split(',');
const results = createResults();
for (let seed = 1; seed <= Number(values.seeds); seed++) {
  runSeed(
    seed,
    CONTEST,
    (attack) => only?.includes(attack) ?? true,
    results,
    (text) => console.error(text),
  );
}
for (const table of ['answers', 'counts', 'gateway'] as const)
  console.log(`${printTable(results, 'Honeyguide', table)}\n`);
for (const missed of missedGoals(results, 'Honeyguide')) console.log(`missed: ${missed}`);
