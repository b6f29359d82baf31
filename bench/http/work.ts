// What a request costs us, in units of what it costs bare Fastify, kernel and neighbours left out: the one number of http that
// is steady enough on a shared machine to notice a quarter. Each side is a process (work-serve.ts) that times blocks of
// half a millisecond, in turns with the other; of all blocks the undisturbed ones count, as in measure.ts.

import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { UNDISTURBED } from '../measure.ts';
import { abba, quantile } from '../statistics.ts';
import { askChild } from './ask-child.ts';
import type { FromWork, ToWork, WorkOptions } from './work-serve.ts';

/** Small on purpose: a world of a million measures, above all, who else uses the cache. */
const STATIONS = 100_000;
const BODIES = 2_048;
const WINDOW_MS = 250;

type Side = { ask(message: ToWork): Promise<number[]> };

const exchange = (child: ChildProcess, message: WorkOptions | ToWork) =>
  askChild<WorkOptions | ToWork, FromWork>(child, message);

/** Undisturbed cost of a bare request over one of ours, from so many windows of each. */
export async function contestWork(ours: Side, bare: Side, rounds: number): Promise<number> {
  const costs: { a: number[]; b: number[] } = { a: [], b: [] };
  for (const side of abba(rounds)) costs[side].push(...(await (side === 'a' ? ours : bare).ask({ ms: WINDOW_MS })));
  return quantile(costs.b, UNDISTURBED) / quantile(costs.a, UNDISTURBED);
}

/** Starts both sides, whose answers are checked and whose code is compiled then, runs `run`, and stops both whatever happens. */
export async function withWork<T>(run: (ours: Side, bare: Side) => Promise<T>): Promise<T> {
  const children: ChildProcess[] = [];
  const start = async (answers: object[] | null): Promise<object[]> => {
    const child = fork(fileURLToPath(new URL('./work-serve.ts', import.meta.url)));
    children.push(child);
    return (await exchange(child, { stations: STATIONS, bodies: BODIES, answers })) as object[];
  };
  const stop = (child: ChildProcess): void => void (child.connected && child.disconnect());
  try {
    await start(await start(null));
    const [ours, bare] = children.map((child) => ({
      ask: async (message: ToWork) => (await exchange(child, message)) as number[],
    }));
    return await run(ours, bare);
  } finally {
    children.forEach(stop);
  }
}
