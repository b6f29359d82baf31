// What the log hears of an error that nobody expected: its type, its code and where it was thrown. Promises: never its message,
// because messages of parsers and databases quote what they were given.

/** The part of a pino logger that it takes. */
export type BugLog = { error(facts: object, message: string): void };

/** What may be logged of an error: never its message. */
export function describeError(error: unknown): { type: string; code?: string; stack?: string[] } {
  if (!(error instanceof Error)) return { type: typeof error };
  const code = (error as { code?: unknown }).code;
  return { type: error.name, code: typeof code === 'string' ? code : undefined, stack: framesOf(error) };
}

/** Where it happened. A message may hold lines that look like frames; it stands before them, and goes. */
function framesOf({ stack, message }: Error): string[] | undefined {
  const at = stack?.indexOf(message) ?? -1;
  if (stack === undefined || at < 0) return undefined;
  return stack
    .slice(at + message.length)
    .split('\n')
    .filter((line) => line.startsWith('    at '));
}
