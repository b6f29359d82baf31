// The bench's side of a server process: start it, ask it, check what it answers, stop it.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { distanceM } from '../../src/geo/distance.ts';
import { median } from '../statistics.ts';
import type { BenchRequest } from '../world.ts';
import { askChild } from './ask-child.ts';
import type { FromServer, ServeOptions, ToServer } from './serve.ts';

export type Server = {
  readonly port: number;
  /** CPU time of the whole process so far (us, all its threads) and its resident memory. */
  usage(): Promise<{ cpuUs: number; rssBytes: number }>;
  /** Makes every later request cost so many microseconds of CPU more. */
  slow(us: number): Promise<void>;
  stop(): void;
  /** Resolves when its process has ended. */
  readonly ended: Promise<unknown>;
};

/** As `npm start` sets it, for whichever server: what malloc gets lies in huge pages where the kernel has them (docs/operations.md). */
const HUGE_PAGES = { GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1' };

export async function startServer(options: ServeOptions): Promise<Server> {
  const env = { ...process.env, ...HUGE_PAGES };
  const child = fork(fileURLToPath(new URL('./serve.ts', import.meta.url)), { execArgv: [], env });
  const ended = once(child, 'exit');
  const ask = <T extends FromServer>(message: ToServer) => askChild<ToServer, T>(child, message);
  const { port } = await ask<{ port: number }>({ ask: 'start', options });
  return {
    port,
    usage: () => ask({ ask: 'usage' }),
    slow: async (us) => void (await ask({ ask: 'slow', us })),
    stop: () => void (child.connected && child.disconnect()),
    ended,
  };
}

/** Farther from the phone's true place than this, an answer of the bench world is wrong: its access points reach 100 m. */
const FARTHEST_M = 250;
const MEDIAN_M = 40;

/**
 * Asks every request once and returns the answers. Throws unless all have the expected status and, if that is 200, lie
 * where the phone is. A bench must not time wrong answers.
 */
export async function checkedAnswers(
  port: number,
  path: string,
  requests: readonly BenchRequest[],
  status: number,
): Promise<object[]> {
  const answers: object[] = [];
  for (let from = 0; from < requests.length; from += 32) {
    const batch = requests.slice(from, from + 32).map(async ({ body }) => {
      const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/json' },
      });
      if (answer.status !== status) throw new Error(`before timing: status ${answer.status}, not ${status}`);
      return (await answer.json()) as object;
    });
    answers.push(...(await Promise.all(batch)));
  }
  if (status === 200) requireRight(answers, requests);
  return answers;
}

/** Throws unless each answer lies where the phone of its request is. */
export function requireRight(answers: readonly object[], requests: readonly BenchRequest[]): void {
  const errorsM = answers.map((answer, i) => {
    const { location, accuracy } = answer as { location: { lat: number; lng: number }; accuracy: number };
    const { lat, lon } = requests[i];
    return distanceM(lat, lon, location.lat, location.lng) + (accuracy > 0 ? 0 : Infinity);
  });
  if (Math.max(...errorsM) < FARTHEST_M && median(errorsM) < MEDIAN_M) return;
  throw new Error(`before timing: wrong answers, median ${median(errorsM)} m, farthest ${Math.max(...errorsM)} m off`);
}
