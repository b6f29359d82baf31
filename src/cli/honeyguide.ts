#!/usr/bin/env node
// The `honeyguide` command: finds the command named by the first argument, runs it, turns its end into an exit code.
// Exit codes: 0 done, 1 failed, 2 arguments that make no sense. With --json a failure is `{"error": "..."}`.

import { randomBytes } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Config, loadConfig } from '../config/env.ts';
import { secretsPath, secretsProblem } from '../config/secrets.ts';
import { keysAtHand, requireOwnKeys } from '../process/key-check.ts';
import { namedFileProblems } from '../process/named-files.ts';
import { storeClock } from '../process/right-clock.ts';
import { onStopSignals } from '../process/stop-signals.ts';
import type { StaffAction } from '../rights/staff.ts';
import { openStore, type Store } from '../storage/open.ts';
import type { Command, CommandContext } from './context.ts';
import { describeFailure, isUsageError } from './failure.ts';
import { guard, guardNote } from './guard.ts';

/**
 * What a command takes as soon as there is staff. An action: everything it does needs a role that allows that, and a reason
 * (guard.ts). `desk`: it has several actions and asks for each itself (desk.ts). `open`: the shell is enough, because it shows nothing
 * about anybody, gives nobody access, and is run by machines: to serve, to learn, to forget in time, to prove and to check.
 */
type Access = StaffAction | 'desk' | 'open';

/** Every command: who may, its module beside this one, loaded only when it runs, and what the overview says of it. */
export const COMMANDS: Readonly<Record<string, { access: Access; module: string; summary: string }>> = {
  serve: { access: 'open', module: './serve.ts', summary: 'run the gateway' },
  import: { access: 'open', module: './import.ts', summary: 'read stations from files or stdin' },
  export: { access: 'map', module: './export.ts', summary: 'write stations as CSV or NDJSON' },
  fold: { access: 'open', module: './fold.ts', summary: 'work waiting reports into the map now' },
  removals: {
    access: 'removals',
    module: './removals.ts',
    summary: 'list, confirm and undo requests to remove access points',
  },
  keys: { access: 'keys', module: './keys.ts', summary: 'add, list and revoke keys' },
  partners: {
    access: 'partners',
    module: './partners.ts',
    summary: 'who may receive locations, for what, how exactly',
  },
  policies: { access: 'policies', module: './policies.ts', summary: 'publish and list versions of the privacy policy' },
  parental: { access: 'parental', module: './parental.ts', summary: 'record consents of parents who were verified' },
  requests: { access: 'desk', module: './requests.ts', summary: 'what people asked for and staff has to decide' },
  complaints: { access: 'desk', module: './complaints.ts', summary: 'what people complain of, and the answers' },
  erase: { access: 'desk', module: './erase.ts', summary: 'erase a device, or mark it as a child’s' },
  sweep: { access: 'open', module: './sweep.ts', summary: 'delete now what is past its time to live' },
  legal: { access: 'desk', module: './legal.ts', summary: 'disclosures under law, with two approvers; legal holds' },
  staff: { access: 'desk', module: './staff.ts', summary: 'who may do what by the command line' },
  'master-key': {
    access: 'master-key',
    module: './master-key.ts',
    summary: 'rotate the key that wraps the keys of devices',
  },
  transparency: {
    access: 'open',
    module: './transparency.ts',
    summary: 'how often data was handed over; numbers only',
  },
  'anonymity-map': { access: 'open', module: './anonymity-map.ts', summary: 'build and prove the map of regions' },
  audit: { access: 'open', module: './audit.ts', summary: 'prove that the ledger was not changed' },
  doctor: { access: 'open', module: './doctor.ts', summary: 'check this installation and say what is weak' },
};

const OVERVIEW = `usage: honeyguide COMMAND [ARGUMENTS]

${Object.entries(COMMANDS)
  .map(([name, { summary }]) => `  ${name.padEnd(14)} ${summary}`)
  .join('\n')}

Every command knows --help and --json. Settings are environment variables: see schema/config.json. From the first of the staff
on (honeyguide staff), most need a personal key in STAFF_KEY, a role, and --reason TEXT (8 to 200 characters).
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
    const { access } = COMMANDS[name];
    if (rest.includes('--help') || rest.includes('-h')) {
      context.output.write(command.usage + (isAction(access) ? guardNote(access) : ''));
      return 0;
    }
    if (!isAction(access)) return await command.run(rest, context);
    const guarded = guard(context, access, rest);
    return await command.run(guarded.args, guarded.context);
  } catch (error) {
    if (isUsageError(error)) return fail(context, asJson, 2, (error as Error).message, command?.usage ?? OVERVIEW);
    return fail(context, asJson, 1, describeFailure(error));
  }
}

function isAction(access: Access): access is StaffAction {
  return access !== 'open' && access !== 'desk';
}

function fail(context: CommandContext, asJson: boolean, exitCode: number, message: string, usage?: string): number {
  if (asJson) context.output.write(`${JSON.stringify({ error: message })}\n`);
  else context.messages.write(`honeyguide: ${message}\n${usage ? `\n${usage}` : ''}`);
  return exitCode;
}

/** Opens the store for a command. All but the doctor, who says what is wrong, are told so and end if the secrets at hand are not its. */
async function openChecked(command: string, config: Config, tell: (message: string) => void): Promise<Store> {
  const store = await openStore(config, { onWait: tell, onError: (error) => tell(describeFailure(error)) });
  if (command === 'doctor' || secretsProblem(secretsPath(config)) !== null) return store;
  try {
    await requireOwnKeys(store.pool, keysAtHand(config, randomBytes));
    return store;
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** The context of a real process, and what closes behind the command. */
function processContext(command: string): CommandContext & { close(): Promise<void> } {
  let config: Config | undefined;
  let store: Promise<Store> | undefined;
  let interrupt: AbortController | undefined;
  const tell = (message: string) => process.stderr.write(`honeyguide: ${message}\n`);
  // Whoever reads our output may stop before its end, as `head` does.
  process.stdout.on('error', () => {});
  // Node's default for it opens a debugger to everybody on the machine, who then reads every secret.
  process.on('SIGUSR1', () => {});
  return {
    get config() {
      // Other commands do without those files, or say of theirs what is wrong; the doctor says so of all.
      config ??= loadConfig(undefined, command === 'serve' ? namedFileProblems : undefined);
      return config;
    },
    openStore() {
      store ??= openChecked(command, this.config, tell);
      return store;
    },
    input: process.stdin,
    output: process.stdout,
    messages: process.stderr,
    get signal() {
      if (!interrupt) {
        const controller = new AbortController();
        onStopSignals(['SIGINT', 'SIGTERM'], () => controller.abort(), endAtOnce);
        interrupt = controller;
      }
      return interrupt.signal;
    },
    now: Date.now,
    storeMs: storeClock,
    random: randomBytes,
    async close() {
      await (await store?.catch(() => undefined))?.close();
    },
  };
}

/** Ends as if the signal had never been waited for. */
function endAtOnce(signal: NodeJS.Signals): void {
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}

// True when run as a program, also through the link that npm makes in node_modules/.bin.
if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const args = process.argv.slice(2);
  const context = processContext(args[0] ?? '');
  process.exitCode = await runCommandLine(args, context);
  await context.close();
}
