// One app, ours or the bare yardstick, in a process of its own and without a socket: requests come by streams in memory, which
// Node's own parser reads. What is timed is what we and Fastify do, nothing of the kernel, in blocks of 32 requests
// that take half a millisecond: on a machine that others use, many blocks still pass between two interruptions.
// Promises: every answer is a 200, or it ends with an error.

import { once } from 'node:events';
import { Duplex } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import { tuneHeap } from '../../src/process/heap-flags.ts';
import { UNDISTURBED } from '../measure.ts';
import { quantile } from '../statistics.ts';
import { type BenchRequest, benchRequests, createBenchWorld } from '../world.ts';
import { buildBare } from './bare.ts';
import { createBurner } from './burn.ts';
import { BENCH_KEYS, buildOurs } from './ours.ts';
import { requireRight } from './server.ts';

/** The bare side gives the answers that ours gave. */
export type WorkOptions = { stations: number; bodies: number; answers: object[] | null };
/** Makes requests dearer by this share of what they cost, or serves for so long. */
export type ToWork = { slow: number } | { ms: number };
/** The checked answers of ours once it is warm; then microseconds a request, a value for each block. */
export type FromWork = object[] | number[];

// As `serve` does it, for whichever side.
tuneHeap();

const WIRES = 32;
/** V8 goes on optimising for tens of thousands of requests. */
const WARM_BLOCKS = 1_500;
const CALIBRATION_MS = 200;
const PATH = `/v1/geolocate?key=${BENCH_KEYS.device}`;
const OK = 'HTTP/1.1 200 ';

/** A connection as Node's server sees it: what is pushed has come, what is written has gone. */
class Wire extends Duplex {
  readonly remoteAddress = '127.0.0.1';
  onAnswer: (answer: string) => void = () => {};
  constructor() {
    super({ decodeStrings: false });
  }
  override _read(): void {}
  override _write(chunk: Buffer | string, _encoding: string, done: () => void): void {
    const answer = typeof chunk === 'string' ? chunk : chunk.toString('latin1');
    if (!answer.startsWith(OK)) throw new Error(`not a whole answer of 200: ${answer.slice(0, OK.length)}`);
    this.onAnswer(answer);
    done();
  }
  setTimeout(): this {
    return this;
  }
  setNoDelay(): this {
    return this;
  }
  setKeepAlive(): this {
    return this;
  }
}

/** Serves the next requests, one on each wire, and resolves to what one of them cost, in microseconds; `hear` is told answers. */
type Block = (hear?: (answer: string) => void) => Promise<number>;

function createBlock(app: FastifyInstance, requests: readonly BenchRequest[]): Block {
  const buffers = requests.map(({ body }) =>
    Buffer.from(
      `POST ${PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n` +
        `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    ),
  );
  const wires = Array.from({ length: WIRES }, () => new Wire());
  for (const wire of wires) app.server.emit('connection', wire);
  let next = 0;
  return async (hear) => {
    const startMs = performance.now();
    await new Promise<void>((resolve) => {
      let left = WIRES;
      const onAnswer = (answer: string): void => {
        hear?.(answer);
        if (--left === 0) resolve();
      };
      for (const wire of wires) {
        wire.onAnswer = onAnswer;
        wire.push(buffers[next]);
        next = next + 1 === buffers.length ? 0 : next + 1;
      }
    });
    // What is cleared away after an answer is part of its price.
    await turn();
    return ((performance.now() - startMs) * 1000) / WIRES;
  };
}

async function runBlocks(block: Block, ms: number): Promise<number[]> {
  const costs: number[] = [];
  for (const endMs = performance.now() + ms; performance.now() < endMs; ) costs.push(await block());
  return costs;
}

/** What ours answers to each request, in their order; throws unless that is right. */
async function checkedAnswers(block: Block, requests: readonly BenchRequest[]): Promise<object[]> {
  const answers: object[] = [];
  const hear = (answer: string): void => void answers.push(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n'))));
  while (answers.length < requests.length) await block(hear);
  requireRight(answers, requests);
  return answers;
}

async function serve({ stations, bodies, answers }: WorkOptions): Promise<void> {
  const requests = benchRequests(createBenchWorld(stations), bodies);
  const app = answers === null ? await buildOurs(stations) : buildBare(answers, 200);
  await app.ready();
  let burn: (() => void) | null = null;
  app.server.prependListener('request', () => burn?.());
  const block = createBlock(app, requests);
  const checked = answers ?? (await checkedAnswers(block, requests));
  for (let i = 0; i < WARM_BLOCKS; i++) await block();
  process.on('message', async (message: ToWork) => {
    if ('slow' in message)
      burn = createBurner(message.slow * quantile(await runBlocks(block, CALIBRATION_MS), UNDISTURBED));
    process.send?.('ms' in message ? await runBlocks(block, message.ms) : []);
  });
  process.on('disconnect', () => process.exit(0));
  process.send?.(checked);
}

const [options] = (await once(process, 'message')) as [WorkOptions];
await serve(options);
