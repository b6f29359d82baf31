// Who may see where a phone is? The seam between positioning and consent: a device key without a device token sees its own
// estimate and is never asked about; every other look-up is put to an Audience, which other rooms provide. Promises nothing
// itself: whoever fills it answers from memory if it can (a returned value is sent at once, a promise when it settles) and
// has made a disclosure durable before it returns it.
import type { Caller } from '../http/caller.ts';
import type { Refusal } from '../http/refusal.ts';
import type { Estimate, Fallback } from './locator.ts';

/** One look-up that is not simply a phone's own. All of it is the asker's copy: it may be kept past an await. */
export type Question = {
  /** null: not located. Put all the same, so that an unlocated phone costs and answers what a suppressed one does. */
  readonly estimate: Estimate | null;
  readonly caller: Caller;
  /** As sent, not verified: `&device=`, else `Authorization: Bearer`; null = none. */
  readonly deviceToken: string | null;
  /** The parsed query: `key`, `device` and whatever else was sent (strings, or arrays of them). */
  readonly query: Readonly<Record<string, unknown>>;
  readonly nowMs: number;
};

/** What may be shown: degrees and metres, all finite, `accuracyM` > 0; `region` (an H3 index) marks a coarse answer. */
export type Shown = {
  readonly lat: number;
  readonly lon: number;
  readonly accuracyM: number;
  readonly fallback: Fallback;
  readonly region?: string;
};

/** null is the 404 of an unlocated phone; a refusal is for what is no decision, such as a ledger that cannot be written. */
export type Decision = Shown | Refusal | null;
export type Audience = (question: Question) => Decision | Promise<Decision>;
