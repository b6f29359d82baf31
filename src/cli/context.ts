// What a command is given: everything it may touch of the process it runs in, so that a test can run it in its own.
// A command is a module with `usage` (what --help prints) and `run`, which resolves to the exit code.

import type { Readable, Writable } from 'node:stream';
import type { Config } from '../config/env.ts';
import type { About } from '../rights/staff-store.ts';
import type { Store } from '../storage/open.ts';

export type CommandContext = {
  /** Read when first asked for; throws ConfigError then. */
  readonly config: Config;
  /**
   * The store, opened when first asked for (waiting is announced), closed after the command. `about`: what it is opened for, for
   * the ledger's row about an act of staff (guard.ts); the first one counts.
   */
  openStore(about?: About): Promise<Store>;
  readonly input: Readable;
  /** Results: lines for people, or one JSON document with --json. */
  readonly output: Writable;
  /** Progress, warnings, errors. */
  readonly messages: Writable;
  /** Aborted by Ctrl-C or SIGTERM once a command has asked for it; a second Ctrl-C ends the process. */
  readonly signal: AbortSignal;
  now(): number;
  /** Epoch ms by the store's own clock (process/right-clock.ts). */
  storeMs(pool: Store['pool']): Promise<number>;
  random(bytes: number): Buffer;
};

export type Command = {
  readonly usage: string;
  run(args: string[], context: CommandContext): Promise<number>;
};

/** Thrown for arguments that make no sense: answered with the message and the usage, exit code 2. */
export class UsageError extends Error {}
