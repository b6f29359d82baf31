// The start suite: the process as `npm start` runs it, in a fresh data folder and again in the same one: from spawn until it
// has answered the demo's look-up with 200. The first start makes the embedded store and imports the fixture world, the second reads the snapshot.
// How a large snapshot loads beside reading the file is in the index suite.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { demoRequests } from '../fixtures/demo-requests.ts';
import { createWorld } from '../fixtures/world.ts';
import type { Row } from './results.ts';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const LOOK_UP = JSON.stringify(demoRequests(createWorld()).wifi.body);
const PATIENCE_MS = 60_000;

export async function benchStart(): Promise<Row[]> {
  const folder = await mkdtemp(join(tmpdir(), 'honeyguide-start-'));
  try {
    const firstS = await startOnce(folder);
    const secondS = await startOnce(folder);
    return [
      {
        what: 'first start: embedded store made, fixture world imported, a request answered',
        value: firstS,
        unit: 's',
        atMost: 20,
      },
      { what: 'second start: from the snapshot, a request answered', value: secondS, unit: 's', atMost: 3 },
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Seconds from spawn to the demo's look-up answered with 200; then stops the process and checks that it went in good order. */
async function startOnce(folder: string): Promise<number> {
  const { DATABASE_URL: _unused, ...inherited } = process.env;
  const env = { ...inherited, PORT: '0', OPS_PORT: '0', DATA_DIR: folder, LOG_LEVEL: 'info' };
  const startMs = performance.now();
  const child = spawn(process.execPath, [MAIN], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  child.stderr.resume();
  try {
    const port = await portOf(child);
    const { device } = JSON.parse(await readFile(join(folder, 'demo-keys.json'), 'utf8')) as { device: string };
    const answer = await fetch(`http://127.0.0.1:${port}/v1/geolocate?key=${device}`, {
      method: 'POST',
      body: LOOK_UP,
    });
    await answer.arrayBuffer();
    if (answer.status !== 200) throw new Error(`started, but a look-up was answered with ${answer.status}`);
    const tookS = (performance.now() - startMs) / 1000;
    child.kill('SIGTERM');
    const [code] = await once(child, 'exit');
    if (code !== 0) throw new Error(`stopped with ${code}`);
    return tookS;
  } finally {
    child.kill('SIGKILL');
  }
}

/** The port in the log line that says `ready`. */
async function portOf(child: ChildProcess): Promise<number> {
  const tooLong = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
  try {
    for await (const line of createInterface({ input: child.stdout! })) {
      const said = /^\{.*"msg":"ready"/.test(line) ? (JSON.parse(line) as { port?: unknown }) : {};
      if (typeof said.port === 'number') {
        child.stdout!.resume();
        return said.port;
      }
    }
  } finally {
    clearTimeout(tooLong);
  }
  throw new Error('the process ended before it was ready');
}
