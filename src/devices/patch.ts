// What a person's changes make of their profile, and which of them take more than the token. Promises: pure; whatever protects
// more is one call (a source off, no offers, an age that makes a child of somebody, a younger or no age), because blocking must be as easy as
// can be; whatever protects less, or moves somebody under another law, needs proof that the phone is there (R2; attack: a
// token that leaked from a URL switches Wi-Fi back on). A device that was said to be a child's doesn't become an adult's by saying so, nor
// by moving to where it would be one (attack: a child who corrects its age after a refusal): that takes the operator.

import { DAY_MS } from '../time/spans.ts';
import { AGE_BANDS, type AgeBand } from './device-contract.ts';
import { type Profile, STATED_FIELDS } from './profile.ts';

export type Patch = {
  readonly jurisdiction?: string | null;
  readonly ageBand?: AgeBand;
  /** Bits of SOURCE. */
  readonly sources?: number;
  readonly marketing?: boolean;
  readonly acceptedPolicy?: string;
};

type Patched =
  | {
      readonly profile: Profile;
      /** It can change what others are shown. */
      readonly decides: boolean;
      /** It takes proof beyond the token. */
      readonly loosens: boolean;
      /** It makes a child of somebody, and so erases within the hour (K3): of a guarded phone that takes proof, as erasure does. */
      readonly makesChild: boolean;
    }
  | { readonly refused: 'ageNeedsOperator' };
type IsChild = (ageBand: AgeBand, jurisdiction: string | null) => boolean;

/** `isChild` of an age band in a jurisdiction, now. */
export function patchProfile(before: Profile, patch: Patch, isChild: IsChild, nowMs: number): Patched {
  const { acceptedPolicy, ...stated } = patch;
  const day = Math.floor(nowMs / DAY_MS);
  const statedDay = { ...before.statedDay };
  for (const field of STATED_FIELDS) if (patch[field] !== undefined) statedDay[field] = day;
  const accepted = acceptedPolicy === undefined ? before.accepted : { version: acceptedPolicy, at: nowMs };
  const profile: Profile = { ...before, ...stated, statedDay, accepted };
  if (isChild(before.ageBand, before.jurisdiction) && !isChild(profile.ageBand, profile.jurisdiction))
    return { refused: 'ageNeedsOperator' };
  const decides =
    profile.jurisdiction !== before.jurisdiction ||
    profile.ageBand !== before.ageBand ||
    profile.sources !== before.sources ||
    profile.marketing !== before.marketing;
  const makesChild = isChild(profile.ageBand, profile.jurisdiction) && !isChild(before.ageBand, before.jurisdiction);
  return { profile, decides, loosens: loosens(before, profile, makesChild), makesChild };
}

function loosens(before: Profile, after: Profile, becomesChild: boolean): boolean {
  return (
    after.jurisdiction !== before.jurisdiction ||
    (after.sources & ~before.sources) !== 0 ||
    (after.marketing && !before.marketing) ||
    isOlder(before.ageBand, after.ageBand, becomesChild)
  );
}

/** True if somebody is taken for older than before. Of an unknown age precise places are shown to nobody: that is the youngest but a child's. */
function isOlder(before: AgeBand, after: AgeBand, becomesChild: boolean): boolean {
  if (after === before || after === 'unknown' || becomesChild) return false;
  return before === 'unknown' || AGE_BANDS.indexOf(after) > AGE_BANDS.indexOf(before);
}
