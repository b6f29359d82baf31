// What a command says when it fails. Promises: a sentence for people; never what the store says of a query, which may quote
// values, and those are MACs, keys and names here.

import { describeStoreLoss } from '../storage/open.ts';
import { UsageError } from './context.ts';

/** True if the arguments were wrong, ours or those that parseArgs of node:util refused. */
export function isUsageError(error: unknown): boolean {
  return error instanceof UsageError || String((error as { code?: unknown })?.code).startsWith('ERR_PARSE_ARGS');
}

/** One sentence, or a few lines, about any error. */
export function describeFailure(error: unknown): string {
  if (!(error instanceof Error)) return 'something that is not an error was thrown';
  const lost = describeStoreLoss(error);
  if (lost) return lost;
  const { code, severity } = error as { code?: string; severity?: string };
  if (severity !== undefined) return `the store refused a query (SQLSTATE ${code})`;
  return error.message || error.name;
}
