// A client at a modest steady rate for as long as something else goes on, in the background of a bench. Unlike load.ts it
// sleeps between calls, so that on two cores it takes nothing from what it watches. Latency counts from when a call was due:
// a stalled server cannot hide its queue. Promises: a status that was not expected fails it.

import { Agent, request } from 'node:http';
import { quantile } from '../statistics.ts';

export type Watched = {
  readonly calls: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** How late the client itself sent a call, at most: part of the latencies, and the fault of the machine. */
  readonly lateMs: number;
};

/** Asks `url` with `body` so many times a second until `stop`, which resolves once all is answered. */
export function askSteadily(
  url: string,
  body: string,
  expectStatus: number,
  perSecond: number,
): { stop(): Promise<Watched> } {
  const agent = new Agent({ keepAlive: true });
  const latenciesMs: number[] = [];
  const failures: string[] = [];
  const inFlight = new Set<Promise<void>>();
  const startMs = performance.now();
  let sent = 0;
  let lateMs = 0;
  let timer: NodeJS.Timeout;

  function ask(dueMs: number): Promise<void> {
    lateMs = Math.max(lateMs, performance.now() - dueMs);
    return new Promise((resolve) => {
      const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
      const call = request(url, { method: 'POST', agent, headers }, (answer) => {
        if (answer.statusCode !== expectStatus) failures.push(`answered ${answer.statusCode}`);
        answer.resume().once('end', () => {
          latenciesMs.push(performance.now() - dueMs);
          resolve();
        });
      });
      call.once('error', (error) => {
        failures.push(error.message);
        resolve();
      });
      call.end(body);
    });
  }

  function turn(): void {
    const dueMs = () => startMs + (sent * 1000) / perSecond;
    for (; dueMs() <= performance.now(); sent++) {
      const answered: Promise<void> = ask(dueMs()).then(() => void inFlight.delete(answered));
      inFlight.add(answered);
    }
    timer = setTimeout(turn, Math.max(0, dueMs() - performance.now()));
  }
  turn();

  return {
    async stop() {
      clearTimeout(timer);
      await Promise.all(inFlight);
      agent.destroy();
      if (failures.length > 0) throw new Error(`${failures.length} of ${sent} calls failed: ${failures[0]}`);
      const [p50Ms, p99Ms] = [0.5, 0.99].map((q) => quantile(latenciesMs, q));
      return { calls: latenciesMs.length, p50Ms, p99Ms, maxMs: quantile(latenciesMs, 1), lateMs };
    },
  };
}
