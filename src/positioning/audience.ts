// Who may see where a phone is? The seam between positioning and consent: a device key without a device token sees its own
// estimate and is never asked about; every other look-up is put to an Audience, which other rooms provide. Promises nothing
// itself: whoever fills it answers from memory if it can (a returned value is sent at once, a promise when it settles) and
// has made a disclosure durable before it returns it.
import type { Caller } from '../http/caller.ts';
import type { Refusal } from '../http/refusal.ts';
import type { Estimate, EstimateSource } from './locator.ts';

/** One look-up that is not simply a phone's own. It may be kept past an await. */
export type Question = {
  readonly caller: Caller;
  /** As sent, not verified: `&device=`, else our token in `Authorization: Bearer`; null = none. */
  readonly deviceToken: string | null;
  /** The parsed query: `key`, `device` and whatever else was sent (strings, or arrays of them). */
  readonly query: Readonly<Record<string, unknown>>;
  readonly nowMs: number;
  /** Where the phone is by these sources (bits of SOURCE) and no other; null: not located. The caller's own to keep. */
  locate(sources: number): Readonly<Estimate> | null;
};

/** A finished answer: ASCII JSON, and what it came from for the counters (empty = not told). */
export type Told = { readonly text: string; readonly source: EstimateSource | '' };

/** null is the 404 of an unlocated phone; a refusal is for what is no decision, such as a store that cannot be asked. */
export type Decision = Told | Readonly<Estimate> | Refusal | null;
export type Audience = (question: Question) => Decision | Promise<Decision>;
