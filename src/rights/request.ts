// A request of a data subject as a state machine: received, identity, in progress, done or refused with a reason. Due one month
// after receipt; once, before that, it may be extended by two more with a reason (GDPR 12(3)). Promises: pure and total; what
// is over stays over; nothing is refused or extended without a reason.
import { DAY_MS } from '../time/spans.ts';

/** access = GDPR 15 and 20 in one export, rectification 16, erasure 17, restriction and its lifting 18, objection 21. */
export const REQUEST_KINDS = ['access', 'rectification', 'erasure', 'restriction', 'lifting', 'objection'] as const;
export type RequestKind = (typeof REQUEST_KINDS)[number];

export const REQUEST_STATES = ['received', 'identity', 'in progress', 'done', 'refused'] as const;
type RequestState = (typeof REQUEST_STATES)[number];

export type RightsRequest = {
  readonly kind: RequestKind;
  readonly state: RequestState;
  readonly receivedAt: number;
  readonly dueAt: number;
  readonly extendedAt: number | null;
  readonly endedAt: number | null;
  /** Why it was refused. */
  readonly reason: string | null;
  /** Why it takes longer. */
  readonly extension: string | null;
};

export type RequestEvent =
  /** Proof of identity is wanted. */
  | { readonly kind: 'askProof' }
  /** Identity is clear, or need not be asked. */
  | { readonly kind: 'start' }
  | { readonly kind: 'finish' }
  | { readonly kind: 'refuse'; readonly reason: string }
  | { readonly kind: 'extend'; readonly reason: string };

/** GDPR 12(3): one month, and two further ones where necessary. */
const MONTHS = 1;
const FURTHER_MONTHS = 2;

export function receiveRequest(kind: RequestKind, now: number): RightsRequest {
  return {
    kind,
    state: 'received',
    receivedAt: now,
    dueAt: addMonths(now, MONTHS),
    extendedAt: null,
    endedAt: null,
    reason: null,
    extension: null,
  };
}

/** The request after the event; null if the event cannot happen to it. */
export function advanceRequest(request: RightsRequest, event: RequestEvent, now: number): RightsRequest | null {
  const { state } = request;
  if (state === 'done' || state === 'refused') return null;
  switch (event.kind) {
    case 'askProof':
      return state === 'received' ? { ...request, state: 'identity' } : null;
    case 'start':
      return state === 'in progress' ? null : { ...request, state: 'in progress' };
    case 'finish':
      return state === 'in progress' ? { ...request, state: 'done', endedAt: now } : null;
    case 'refuse':
      if (event.reason.trim() === '') return null;
      return { ...request, state: 'refused', endedAt: now, reason: event.reason };
    case 'extend':
      if (request.extendedAt !== null || now > request.dueAt || event.reason.trim() === '') return null;
      return {
        ...request,
        extendedAt: now,
        dueAt: addMonths(request.receivedAt, MONTHS + FURTHER_MONTHS),
        extension: event.reason,
      };
  }
}

/** The same day and time of day so many months later in UTC, the last day of a month that is too short (Regulation 1182/71). */
export function addMonths(at: number, months: number): number {
  const date = new Date(at);
  const last = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months + 1, 0));
  const day = Math.min(date.getUTCDate(), last.getUTCDate());
  return Date.UTC(last.getUTCFullYear(), last.getUTCMonth(), day) + (at - Math.floor(at / DAY_MS) * DAY_MS);
}
