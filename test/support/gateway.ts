// A gateway of a test: src/main.ts in a process of its own, its log read line by line, killed after the test file.

import type { StoreConfig } from '../../src/storage/open.ts';
import { type Child, startNode } from './process.ts';

export type Line = { msg?: string; port?: number; opsPort?: number; step?: string; [field: string]: unknown };
export type Running = {
  child: Child;
  /** Of the API and of the ops port. */
  url: string;
  ops: string;
  /** Log lines and other lines read so far. */
  lines: Line[];
  text: string[];
  /** Reads on until the log says `msg`. */
  until(msg: string): Promise<Line>;
};

/** What a process beside it needs in its environment to reach the same store. */
export function envOf({ dataDir, databaseUrl }: StoreConfig): Record<string, string> {
  return {
    DATA_DIR: dataDir,
    PORT: '0',
    OPS_PORT: '0',
    THREADS: '2',
    ...(databaseUrl && { DATABASE_URL: databaseUrl }),
  };
}

/** Starts src/main.ts with two server threads on free ports; resolves when it says that it is ready. */
export async function startGateway(
  config: StoreConfig,
  args: string[] = [],
  env: Record<string, string> = {},
): Promise<Running> {
  const child = startNode(['src/main.ts', ...args], { ...envOf(config), ...env });
  const lines: Line[] = [];
  const text: string[] = [];
  async function until(msg: string): Promise<Line> {
    for (;;) {
      const raw = await child.line();
      if (!raw.startsWith('{"level"')) {
        text.push(raw);
        continue;
      }
      const line = JSON.parse(raw) as Line;
      lines.push(line);
      if (line.msg === msg) return line;
    }
  }
  const ready = await until('ready');
  return { child, url: `http://127.0.0.1:${ready.port}`, ops: `http://127.0.0.1:${ready.opsPort}`, lines, text, until };
}
