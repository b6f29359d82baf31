// Which sources in the reports of a phone that says who it is may be learnt from: those that its own look-up would be located by. It is
// asked as that look-up is, from memory or from the store, but nothing is located. Promises: none of a phone that is restricted, or a
// child's without a parent: such a phone is told where it is, and nothing of it is collected.
import type { Caller } from '../http/caller.ts';
import type { Audience } from '../positioning/audience.ts';

/** Bits of SOURCE; 0 for a token of ours that nobody has (any more); null while the store can't say. */
type SourcesOf = (deviceToken: string) => Promise<number | null>;

/** Beside bits of SOURCE: what the phone reports is not for the map. */
export const MUTE = 32;

const PHONE: Caller = { class: 'device', id: '', slot: -1, perMinute: null, dailyQuota: null };

export function createSourcesOf(audience: Audience, now: () => number): SourcesOf {
  return async (deviceToken) => {
    let on = 0;
    const locate = (sources: number) => {
      on = (sources & MUTE) === 0 ? sources : 0;
      return null;
    };
    const decision = await audience({ caller: PHONE, deviceToken, query: {}, nowMs: now(), locate });
    return decision !== null && 'kind' in decision && decision.kind === 'unavailable' ? null : on;
  };
}
