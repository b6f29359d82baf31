// What a command says when it fails. Promises: a sentence for people; never a query's parameters, which drivers and query
// builders put into their messages and which are MACs, keys and names here.

import { describeStoreLoss } from '../storage/open.ts';
import { UsageError } from './context.ts';

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
  if (severity !== undefined) return `the store refused a query (SQLSTATE ${code})`;
  if ('query' in error) return 'a query failed';
  return cause.message || cause.name;
}
