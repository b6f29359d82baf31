// Every way in which the gateway says no, as one closed list. Handlers return or send a refusal; each family of routes
// has one table that turns it into bytes (errors/mls.ts, errors/problem.ts). A refusal carries no value that a client
// sent, so no rendering can leak one. Nothing here throws: exceptions are for bugs and broken infrastructure.

export const REFUSAL_KINDS = [
  'malformed',
  'unauthenticated',
  'notPermitted',
  'wrongPurpose',
  'unauthorisedSource',
  'notLocated',
  'unknownDevice',
  'noRoute',
  'wrongMethod',
  'tooLarge',
  'quota',
  'unavailable',
  'bug',
] as const;
export type RefusalKind = (typeof REFUSAL_KINDS)[number];

export type Refusal = {
  readonly kind: RefusalKind;
  /** Which limit was hit; only with `quota`. */
  readonly per?: 'minute' | 'day';
  /** Seconds after which trying again makes sense; becomes Retry-After. */
  readonly retryAfterS?: number;
};

/** The gateway itself is the reason: too much to do, or a store that is away. */
export const UNAVAILABLE = { kind: 'unavailable', retryAfterS: 10 } as const satisfies Refusal;
/** Too often in a minute, where no count says when the next one begins. */
export const TOO_OFTEN = { kind: 'quota', per: 'minute', retryAfterS: 60 } as const satisfies Refusal;

const BY_STATUS: Readonly<Record<number, Refusal>> = {
  404: { kind: 'noRoute' },
  405: { kind: 'wrongMethod' },
  413: { kind: 'tooLarge' },
  429: TOO_OFTEN,
  503: UNAVAILABLE,
};

/** What an exception that reached a scope's error handler means to the caller: the framework's 4xx keep their sense, all else is a bug. */
export function refusalOf(error: unknown): Refusal {
  if (error === null || typeof error !== 'object') return { kind: 'bug' };
  const { refusal, statusCode } = error as { refusal?: Refusal; statusCode?: unknown };
  if (refusal !== undefined && REFUSAL_KINDS.includes(refusal.kind)) return refusal;
  if (typeof statusCode !== 'number') return { kind: 'bug' };
  return BY_STATUS[statusCode] ?? (statusCode >= 400 && statusCode < 500 ? { kind: 'malformed' } : { kind: 'bug' });
}

/** An Error that carries a refusal through a library that can only throw. */
export function refusalError(refusal: Refusal): Error {
  return Object.assign(new Error(refusal.kind), { refusal });
}
