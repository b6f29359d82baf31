// What a command says when it fails. Promises: a sentence for people; never a query's parameters, which drivers and query
// builders put into their messages and which are MACs, keys and names here.
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { describeStoreLoss } from '../storage/open.ts';
import { UsageError } from './context.ts';

/** SQLSTATE of what an operator gets wrong, mostly at the first start, in words that say what to change. */
const SET_WRONG: Readonly<Record<string, string>> = {
  '28000': 'the store does not let this user in: see pg_hba.conf of the server, and DATABASE_URL',
  '28P01': 'the store does not let this user in: DATABASE_URL names another user or password',
  '3D000': 'the store has no database of the name in DATABASE_URL',
  '3F000':
    'the store has no schema to make tables in: the search_path of the user of DATABASE_URL names none that is there',
  '42501':
    'the user of DATABASE_URL may not do that: it must own the tables, and may make schemas in the database and tables in its own',
  '57014':
    'the store cut a query short: the statement_timeout of the user of DATABASE_URL is too short for it, or somebody cancelled it',
  '55P03':
    'somebody holds what a query needs in the store for longer than the lock_timeout of the user of DATABASE_URL',
  '25P03':
    'the store ended a transaction that stood still for too long, and nothing of it was done: this machine is too busy, or was asleep',
};

/** What the system says of a file that was named, in words that say what to look at; null for anything else. */
function describeFileFailure({ code, syscall, path, dest }: NodeJS.ErrnoException & { dest?: string }): string | null {
  if (syscall === undefined) return null;
  // A result is written beside its name first, and renamed.
  const name = dest ?? path?.replace(/\.part(ial)?$/, '');
  const file = name ?? 'a file that was named';
  switch (code) {
    case 'ENOENT':
      if (name === undefined) return null;
      return existsSync(dirname(name)) ? `there is no file ${name}` : `there is no folder ${dirname(name)}`;
    case 'ENOTDIR':
      return `${file} cannot be there: something above it is a file, no folder`;
    case 'EISDIR':
      return `${file} is a folder`;
    case 'EEXIST':
      return `${file} is there already, and is not written over`;
    case 'EACCES':
    case 'EPERM':
      return name === undefined ? null : `${file} may not be read or written by this user`;
    default:
      return null;
  }
}

/** True if the arguments were wrong, ours or those that parseArgs of node:util refused. */
export function isUsageError(error: unknown): boolean {
  return error instanceof UsageError || String((error as { code?: unknown })?.code).startsWith('ERR_PARSE_ARGS');
}

/** One sentence, or a few lines, about any error. */
export function describeFailure(error: unknown): string {
  if (!(error instanceof Error)) return 'something that is not an error was thrown';
  // A query builder wraps the driver's error together with the parameters.
  const cause = 'query' in error && error.cause instanceof Error ? error.cause : error;
  const lost = describeStoreLoss(cause);
  if (lost) return lost;
  const { code, severity } = cause as { code?: string; severity?: string };
  if (severity !== undefined) {
    const wrong = SET_WRONG[code ?? ''];
    return wrong === undefined ? `the store refused a query (SQLSTATE ${code})` : `${wrong} (SQLSTATE ${code})`;
  }
  if ('query' in error) return 'a query failed';
  return describeFileFailure(cause) ?? (cause.message || cause.name);
}
