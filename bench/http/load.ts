// A load generator that costs little, so that on two cores the server is what saturates: keep-alive sockets, requests
// written from ready-made buffers, answers recognised by status and Content-Length. Closed loop (every connection asks again
// at once) for throughput; open loop (Poisson arrivals at a rate, latency counted from when a request was due, so that a
// stalled server cannot hide its queue) for latency. autocannon is the cross-check: its latencies are whole milliseconds,
// its rate limit sends a second's worth in a burst, and its parser costs more than the server under test.
// Promises: any status that was not expected, a broken answer or a lost connection fails the run.

import { connect, type Socket } from 'node:net';

export type Target = {
  readonly port: number;
  readonly path: string;
  readonly bodies: readonly string[];
  readonly expectStatus: number;
  /** A further header line of each body's request, by its place; for instance the address it is forwarded for. */
  readonly headerOf?: (body: number) => string;
};

export type LoadResult = {
  readonly requests: number;
  readonly seconds: number;
  readonly perSecond: number;
  /** Latency of every request that was counted in ms, in order of completion. */
  readonly latenciesMs: Float64Array;
  /** When each of them was due, by performance.now(). */
  readonly duesMs: Float64Array;
};

type Connection = { socket: Socket; dueMs: number; rest: Buffer | null };

/**
 * At a rate, requests due in the first so many ms are sent, checked and not counted: a hundred connections being accepted,
 * and the last window's being closed, block a server for 10 ms, which is 1 % of a window and so was its p99.
 */
const LEAD_MS = 250;

/**
 * Nobody rings it. Asleep in here, not on its sockets, the generator costs the server no wake-up for each answer, which is more
 * than the answer costs, and it can sleep for less than a timer's whole millisecond, so that arrivals do not come in bursts.
 */
const BELL = new Int32Array(new SharedArrayBuffer(4));

/** A server that is this late with what was offered will not catch up. */
const MAX_BEHIND_MS = 10_000;

/** Ready-made requests, a buffer each. */
function requestBuffers(target: Target): Buffer[] {
  return target.bodies.map((body, i) => {
    const further = target.headerOf === undefined ? '' : `${target.headerOf(i)}\r\n`;
    return Buffer.from(
      `POST ${target.path} HTTP/1.1\r\nHost: 127.0.0.1:${target.port}\r\nContent-Type: application/json\r\n` +
        `${further}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
  });
}

/**
 * As fast as the server answers, over so many connections, for so long (ms). `isRestful`: sleeps while nothing is answered,
 * for a server that waits for a store which needs the core; else it stays awake.
 */
export function saturate(
  target: Target,
  connections: number,
  durationMs: number,
  isRestful = false,
): Promise<LoadResult> {
  return drive(target, connections, { durationMs, perSecond: null, restMs: isRestful ? 1 : 0 });
}

/**
 * Poisson arrivals at `perSecond`; at most `connections` in flight, later ones wait and their wait counts. `restMs` > 0 leaves
 * the core to others between looks at what is due and what was answered, for the price of latencies that are up to so much too long.
 */
export function atRate(
  target: Target,
  connections: number,
  durationMs: number,
  perSecond: number,
  restMs = 0,
): Promise<LoadResult> {
  return drive(target, connections, { durationMs, perSecond, restMs });
}

/** `perSecond` null = closed loop. */
type Plan = { readonly durationMs: number; readonly perSecond: number | null; readonly restMs: number };

async function drive(target: Target, connections: number, plan: Plan): Promise<LoadResult> {
  const buffers = requestBuffers(target);
  const pool = await Promise.all(Array.from({ length: connections }, () => open(target.port)));
  try {
    return await new Promise((resolve, reject) => run(pool, buffers, target.expectStatus, plan, resolve, reject));
  } finally {
    for (const { socket } of pool) socket.destroy();
  }
}

function open(port: number): Promise<Connection> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    socket.once('error', reject);
    socket.once('connect', () => resolve({ socket, dueMs: 0, rest: null }));
  });
}

function run(
  pool: Connection[],
  buffers: Buffer[],
  expectStatus: number,
  { durationMs, perSecond, restMs }: Plan,
  resolve: (result: LoadResult) => void,
  reject: (error: Error) => void,
): void {
  const record = createRecord();
  let next = 0;
  let inFlight = 0;
  let isOver = false;
  const idle = [...pool];
  const startMs = performance.now();
  const countFromMs = perSecond === null ? startMs : startMs + LEAD_MS;
  const endMs = countFromMs + durationMs;
  let dueMs = startMs;

  function send(connection: Connection, due: number): void {
    connection.dueMs = due;
    inFlight++;
    connection.socket.write(buffers[next]);
    next = next + 1 === buffers.length ? 0 : next + 1;
  }

  function finish(): void {
    if (isOver || inFlight > 0) return;
    isOver = true;
    const result = record.over((performance.now() - countFromMs) / 1000);
    if (result.requests === 0) reject(new Error('the load generator got no answer at all'));
    else resolve(result);
  }

  function fail(why: string): void {
    if (isOver) return;
    isOver = true;
    reject(new Error(why));
  }

  function answered(connection: Connection, status: number): void {
    if (status !== expectStatus) return void fail(`the server answered ${status}, not ${expectStatus}`);
    const nowMs = performance.now();
    inFlight--;
    if (connection.dueMs >= countFromMs) record.keep(nowMs - connection.dueMs, connection.dueMs);
    if (perSecond === null) {
      if (nowMs < endMs) send(connection, nowMs);
      else finish();
    } else {
      idle.push(connection);
      if (dueMs >= endMs) finish();
    }
  }

  /** A generator that sleeps must be woken by the server's write, and waking a core costs the server more than its own work. */
  function stayAwake(): void {
    if (!isOver) setImmediate(stayAwake);
  }

  function offer(meanGapMs: number): void {
    const nowMs = performance.now();
    while (dueMs <= nowMs && dueMs < endMs && idle.length > 0) {
      send(idle.pop()!, dueMs);
      dueMs -= meanGapMs * Math.log(1 - Math.random());
    }
    if (isOver) return;
    if (dueMs >= endMs) finish();
    else if (nowMs >= endMs + MAX_BEHIND_MS) fail('the server fell too far behind the offered rate');
    else {
      if (restMs > 0) Atomics.wait(BELL, 0, 0, restMs);
      setImmediate(offer, meanGapMs);
    }
  }

  for (const connection of pool) hear(connection, answered, fail);
  if (perSecond !== null) offer(1000 / perSecond);
  else {
    for (const connection of pool) send(connection, performance.now());
    if (restMs === 0) stayAwake();
  }
}

/** Calls back for each complete answer, and when there will be no more. */
function hear(
  connection: Connection,
  answered: (connection: Connection, status: number) => void,
  fail: (why: string) => void,
): void {
  connection.socket.on('data', (chunk) => {
    const status = answerStatus(connection, chunk);
    if (status !== 0) answered(connection, status);
  });
  connection.socket.on('close', () => fail('the server closed a connection'));
  connection.socket.on('error', () => fail('a connection broke'));
}

/** What was counted, in order of completion. */
function createRecord() {
  let latencies = new Float64Array(1 << 16);
  let dues = new Float64Array(1 << 16);
  let done = 0;
  return {
    keep(latencyMs: number, dueMs: number): void {
      if (done === latencies.length) {
        latencies = grown(latencies);
        dues = grown(dues);
      }
      dues[done] = dueMs;
      latencies[done++] = latencyMs;
    },
    over(seconds: number): LoadResult {
      const [latenciesMs, duesMs] = [latencies.slice(0, done), dues.slice(0, done)];
      return { requests: done, seconds, perSecond: done / seconds, latenciesMs, duesMs };
    },
  };
}

function grown(values: Float64Array): Float64Array<ArrayBuffer> {
  const twice = new Float64Array(values.length * 2);
  twice.set(values);
  return twice;
}

const HEADER_END = Buffer.from('\r\n\r\n');

/** Status of the answer when it is complete, 0 while it is not. Answers carry a Content-Length and are never pipelined. */
function answerStatus(connection: Connection, chunk: Buffer): number {
  const bytes = connection.rest === null ? chunk : Buffer.concat([connection.rest, chunk]);
  const headEnd = bytes.indexOf(HEADER_END);
  if (headEnd >= 0) {
    const head = bytes.toString('latin1', 0, headEnd).toLowerCase();
    const at = head.indexOf('content-length: ');
    const length = at < 0 ? 0 : Number.parseInt(head.slice(at + 16, at + 26), 10);
    if (bytes.length >= headEnd + 4 + length) {
      connection.rest = null;
      return Number.parseInt(head.slice(9, 12), 10) || -1;
    }
  }
  connection.rest = bytes;
  return 0;
}
