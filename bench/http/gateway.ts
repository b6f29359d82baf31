// A real gateway for benches: src/main.ts in a process of its own on free ports, its store in a folder or database of its own,
// and the command line beside it. Promises: what a bench sees is what an operator would run. With `clock`, the gateway and
// its commands take the time from that file (set-clock.ts), so that reports of other years arrive on their own days.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createClock } from './set-clock.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const START_MS = 60_000;
/** The index asks the store for changes four times a second: this many looks without news mean that it has them all. */
const QUIET_LOOKS = 5;
const LOOK_MS = 300;

export type RunningGateway = {
  readonly pid: number;
  readonly port: number;
  /** Its DATA_DIR; gone when it has stopped. */
  readonly dataDir: string;
  /** Sets what time it is for the gateway and its commands. */
  setClock(nowMs: number): Promise<void>;
  /** Runs `honeyguide ARGS --json` beside it and returns what it said. */
  run(...args: string[]): Promise<Record<string, unknown>>;
  /** Resolves when the index has had no news for a second and a half. */
  indexIsQuiet(): Promise<number>;
  /** One of its metrics that has no labels. */
  metric(name: string): Promise<number>;
  stop(): Promise<void>;
};

/** Starts one; `env` adds to or overrides its settings. The embedded store is used unless it names a DATABASE_URL. */
export async function startGateway(
  env: Readonly<Record<string, string>> = {},
  args: readonly string[] = [],
): Promise<RunningGateway> {
  const dataDir = mkdtempSync(join(tmpdir(), 'hg-bench-'));
  const clock = createClock(join(dataDir, 'clock'));
  const settings = { ...settingsOf(dataDir, clock.path), ...env };
  const child = spawn(process.execPath, ['src/main.ts', ...args], {
    cwd: ROOT,
    env: settings,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-4_000);
  });
  const ended = once(child, 'close');
  const stop = async () => {
    if (child.exitCode === null) child.kill('SIGTERM');
    await ended;
    rmSync(dataDir, { recursive: true, force: true });
  };
  const timer = setTimeout(() => child.kill('SIGKILL'), START_MS);
  const first = await Promise.race([readyLine(child.stdout), ended.then(() => null)]);
  clearTimeout(timer);
  if (first === null) {
    await stop();
    throw new Error(`the gateway did not start: ${errors}`);
  }
  const metric = (name: string) => readMetric(first.opsPort, name);
  return {
    ...{ pid: child.pid!, port: first.port, dataDir, metric, stop },
    setClock: (nowMs) => clock.set(nowMs),
    async run(...args) {
      const { stdout } = await promisify(execFile)(process.execPath, ['src/cli/honeyguide.ts', ...args, '--json'], {
        cwd: ROOT,
        env: settings,
      });
      return JSON.parse(stdout);
    },
    async indexIsQuiet() {
      let before = -1;
      for (let quiet = 0; quiet < QUIET_LOOKS; ) {
        const now = await metric('honeyguide_index_stations');
        quiet = now === before ? quiet + 1 : 0;
        before = now;
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      }
      return before;
    },
  };
}

const settingsOf = (dataDir: string, clockPath: string) => ({
  PATH: process.env.PATH,
  NODE_OPTIONS: `--import=${new URL('./set-clock.ts', import.meta.url).href}`,
  BENCH_CLOCK: clockPath,
  // As npm start has it.
  GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1',
  DATA_DIR: dataDir,
  PORT: '0',
  OPS_PORT: '0',
  TRUST_PROXY: '127.0.0.1',
});

/** What a gateway says when it is ready; never resolves if it does not. */
function readyLine(stdout: Readable): Promise<{ port: number; opsPort: number }> {
  return new Promise((resolve) => {
    createInterface({ input: stdout }).on('line', (line) => {
      if (line.includes('"msg":"ready"')) resolve(JSON.parse(line));
    });
  });
}

async function readMetric(opsPort: number, name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${opsPort}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\S+)`, 'm').exec(text)?.[1]);
}
