// What staff may call done. The person reads "done", so it has to be: a request is finished by a word of staff only where that word does
// what was asked, or where what was asked is seen to be so already. Promises: pure; everything else is refused, with the command that does it.
import type { Profile } from '../devices/profile.ts';
import type { RequestKind } from './request.ts';

/** `tells`: whoever was shown what was wrong is told. `forgets`: so is the position, and it goes. Else a sentence that says what to do. */
type Finish = { readonly does: 'tells' | 'forgets' } | { readonly refused: string };

/** `held`: the profile as it is now. `asked`: what the person said, as it came. */
export function finishOf(kind: RequestKind, asked: unknown, held: Pick<Profile, 'jurisdiction' | 'ageBand'>): Finish {
  if (kind === 'erasure')
    return {
      refused: 'nothing is erased by that: `honeyguide erase DEVICE` erases, and the request goes with the rest',
    };
  if (kind !== 'rectification') return { refused: 'the phone does that itself, at once: there is nothing to finish' };
  const { field, value } = (asked ?? {}) as { readonly field?: unknown; readonly value?: unknown };
  switch (field) {
    case 'position':
      return { does: 'forgets' };
    case 'other':
      return { does: 'tells' };
    case 'ageBand':
      if (held.ageBand === value) return { does: 'tells' };
      return {
        refused: 'the age band is not what was asked for: `honeyguide parental correct-age DEVICE` corrects it',
      };
    case 'jurisdiction':
      if (held.jurisdiction === value) return { does: 'tells' };
      return {
        refused:
          'the jurisdiction is not what was asked for: the phone changes it (PATCH /v1/me), of a child `honeyguide parental correct-age DEVICE --jurisdiction CC`, or refuse',
      };
    default:
      return {
        refused: 'nothing here changes that: the phone does (PATCH /v1/me, /v1/me/consents); say so, and refuse',
      };
  }
}
