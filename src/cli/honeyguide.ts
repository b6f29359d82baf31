#!/usr/bin/env node
// The `honeyguide` command: finds the command named by the first argument, runs it, turns its end into an exit code.
// Exit codes: 0 done, 1 failed, 2 arguments that make no sense. With --json a failure is `{"error": "..."}`.

import { randomBytes } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Config, loadConfig } from '../config/env.ts';
import { openStore, type Store } from '../storage/open.ts';
import type { Command, CommandContext } from './context.ts';
import { describeFailure, isUsageError } from './failure.ts';

/** Every command: its module beside this one, loaded only when it runs, and what the overview says of it. */
export const COMMANDS: Readonly<Record<string, { module: string; summary: string }>> = {
  serve: { module: './serve.ts', summary: 'run the gateway' },
  import: { module: './import.ts', summary: 'read stations from files or stdin' },
  export: { module: './export.ts', summary: 'write stations as CSV or NDJSON' },
  fold: { module: './fold.ts', summary: 'work waiting reports into the map now' },
  removals: { module: './removals.ts', summary: 'list and confirm requests to remove access points' },
  keys: { module: './keys.ts', summary: 'add, list and revoke keys' },
  partners: { module: './partners.ts', summary: 'who may receive locations, for what, how exactly' },
  policies: { module: './policies.ts', summary: 'publish and list versions of the privacy policy' },
  parental: { module: './parental.ts', summary: 'record consents of parents who were verified' },
  requests: { module: './requests.ts', summary: 'what people asked for and staff has to decide' },
  complaints: { module: './complaints.ts', summary: 'what people complain of, and the answers' },
  erase: { module: './erase.ts', summary: 'erase a device, or mark it as a child’s' },
  sweep: { module: './sweep.ts', summary: 'delete now what is past its time to live' },
  legal: { module: './legal.ts', summary: 'disclosures under law, with two approvers; legal holds' },
  staff: { module: './staff.ts', summary: 'who may do what by the command line' },
  'master-key': { module: './master-key.ts', summary: 'rotate the key that wraps the keys of devices' },
  transparency: { module: './transparency.ts', summary: 'how often data was handed over; numbers only' },
  'anonymity-map': { module: './anonymity-map.ts', summary: 'build and prove the map of regions' },
  audit: { module: './audit.ts', summary: 'prove that the ledger was not changed' },
  doctor: { module: './doctor.ts', summary: 'check this installation and say what is weak' },
};

const OVERVIEW = `usage: honeyguide COMMAND [ARGUMENTS]

${Object.entries(COMMANDS)
  .map(([name, { summary }]) => `  ${name.padEnd(14)} ${summary}`)
  .join('\n')}

Every command knows --help and --json. Settings are environment variables: see schema/config.json.
`;

/** Runs one command line; resolves to its exit code, never rejects. */
export async function runCommandLine(args: string[], context: CommandContext): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    (name === undefined ? context.messages : context.output).write(OVERVIEW);
    return name === undefined ? 2 : 0;
  }
  const asJson = args.includes('--json');
  let command: Command | undefined;
  try {
    if (!Object.hasOwn(COMMANDS, name)) return fail(context, asJson, 2, `there is no command of that name`, OVERVIEW);
    command = (await import(COMMANDS[name].module)) as Command;
    if (rest.includes('--help') || rest.includes('-h')) {
      context.output.write(command.usage);
      return 0;
    }
    return await command.run(rest, context);
  } catch (error) {
    if (isUsageError(error)) return fail(context, asJson, 2, (error as Error).message, command?.usage ?? OVERVIEW);
    return fail(context, asJson, 1, describeFailure(error));
  }
}

function fail(context: CommandContext, asJson: boolean, exitCode: number, message: string, usage?: string): number {
  if (asJson) context.output.write(`${JSON.stringify({ error: message })}\n`);
  else context.messages.write(`honeyguide: ${message}\n${usage ? `\n${usage}` : ''}`);
  return exitCode;
}

/** The context of a real process, and what closes behind the command. */
function processContext(): CommandContext & { close(): Promise<void> } {
  let config: Config | undefined;
  let store: Promise<Store> | undefined;
  let interrupt: AbortController | undefined;
  const tell = (message: string) => process.stderr.write(`honeyguide: ${message}\n`);
  // Whoever reads our output may stop before its end, as `head` does.
  process.stdout.on('error', () => {});
  return {
    get config() {
      config ??= loadConfig();
      return config;
    },
    openStore() {
      store ??= openStore(this.config, { onWait: tell, onError: (error) => tell(describeFailure(error)) });
      return store;
    },
    input: process.stdin,
    output: process.stdout,
    messages: process.stderr,
    get signal() {
      if (!interrupt) {
        interrupt = new AbortController();
        for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interrupt?.abort());
      }
      return interrupt.signal;
    },
    now: Date.now,
    random: randomBytes,
    async close() {
      await (await store?.catch(() => undefined))?.close();
    },
  };
}

// True when run as a program, also through the link that npm makes in node_modules/.bin.
if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const context = processContext();
  process.exitCode = await runCommandLine(process.argv.slice(2), context);
  await context.close();
}
