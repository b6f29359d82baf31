// What a person's changes make of their profile. Promises: pure; a device that was said to be a child's doesn't become an
// adult's by saying so, nor by moving to where it would be one (attack: a child who corrects its age after a refusal): that
// takes the operator. Making it younger is believed at once.
import type { AgeBand } from './device-contract.ts';
import { type Profile, STATED_FIELDS } from './profile.ts';

export type Patch = {
  readonly jurisdiction?: string | null;
  readonly ageBand?: AgeBand;
  /** Bits of SOURCE. */
  readonly sources?: number;
  readonly marketing?: boolean;
  readonly acceptedPolicy?: string;
};

export type Patched =
  | { readonly profile: Profile /** It can change what others are shown. */; readonly decides: boolean }
  | { readonly refused: 'ageNeedsOperator' };

/** `isChild` of an age band in a jurisdiction, now. */
export function patchProfile(
  before: Profile,
  patch: Patch,
  isChild: (ageBand: AgeBand, jurisdiction: string | null) => boolean,
  nowMs: number,
): Patched {
  const { acceptedPolicy, ...stated } = patch;
  const day = Math.floor(nowMs / 86_400_000);
  const statedDay = { ...before.statedDay };
  for (const field of STATED_FIELDS) if (patch[field] !== undefined) statedDay[field] = day;
  const accepted = acceptedPolicy === undefined ? before.accepted : { version: acceptedPolicy, at: nowMs };
  const profile: Profile = { ...before, ...stated, statedDay, accepted };
  if (isChild(before.ageBand, before.jurisdiction) && !isChild(profile.ageBand, profile.jurisdiction))
    return { refused: 'ageNeedsOperator' };
  const decides =
    profile.jurisdiction !== before.jurisdiction ||
    profile.ageBand !== before.ageBand ||
    profile.sources !== before.sources;
  return { profile, decides };
}
