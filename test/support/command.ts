// One command line run in the process of the test, its output collected.
import { randomBytes } from 'node:crypto';
import { PassThrough, Writable } from 'node:stream';
import type { CommandContext } from '../../src/cli/context.ts';
import { runCommandLine } from '../../src/cli/honeyguide.ts';
import { loadConfig } from '../../src/config/env.ts';
import type { Store } from '../../src/storage/open.ts';

export const COMMAND_NOW_MS = Date.UTC(2026, 0, 2);

function collect(): Writable & { text(): string } {
  const chunks: string[] = [];
  const sink = new Writable({
    write(chunk, _encoding, done) {
      chunks.push(String(chunk));
      done();
    },
  });
  return Object.assign(sink, { text: () => chunks.join('') });
}

/** Runs `args` on an open store under an environment; a command that needs a store and gets none fails. The store's clock is right. */
export async function runCommand(
  args: string[],
  store?: Store,
  env: Record<string, string> = {},
  nowMs = COMMAND_NOW_MS,
  storeMs = nowMs,
) {
  const output = collect();
  const messages = collect();
  const context: CommandContext = {
    get config() {
      return loadConfig(env);
    },
    openStore: async () => store ?? Promise.reject(new Error('no store was expected to be opened')),
    input: new PassThrough(),
    output,
    messages,
    signal: new AbortController().signal,
    now: () => nowMs,
    storeMs: async () => storeMs,
    random: randomBytes,
  };
  const exitCode = await runCommandLine(args, context);
  return { exitCode, output: output.text(), messages: messages.text() };
}
