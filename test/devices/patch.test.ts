import fc from 'fast-check';
import { expect, test } from 'vitest';
import { maturity } from '../../src/consent/ages.ts';
import { decide } from '../../src/consent/decide.ts';
import { PURPOSE_NAMES } from '../../src/consent/purposes.ts';
import { AGE_BANDS, type AgeBand } from '../../src/devices/device-contract.ts';
import { type Patch, patchProfile } from '../../src/devices/patch.ts';
import { NEW_PROFILE, type Profile } from '../../src/devices/profile.ts';

const NOW = Date.UTC(2026, 10, 22);
const isChild = (band: AgeBand, where: string | null) => maturity(band, where, NOW) === 'child';
const stated = {
  jurisdiction: fc.constantFrom(null, 'NL', 'BE', 'IN', 'US', 'ZZ'),
  ageBand: fc.constantFrom(...AGE_BANDS),
  sources: fc.integer({ min: 0, max: 31 }),
  marketing: fc.boolean(),
};
const profiles: fc.Arbitrary<Profile> = fc.record(stated).map((some) => ({ ...NEW_PROFILE, ...some }));
const patches: fc.Arbitrary<Patch> = fc.record(stated, { requiredKeys: [] });

/** How much a recipient with the widest grant is shown, by purpose and source: 0 nothing, 1 region, 2 precise. */
function shown({ jurisdiction, ageBand, sources, marketing }: Profile): Record<string, number> {
  const found: Record<string, number> = {};
  for (const purpose of PURPOSE_NAMES) {
    const decision = decide({
      device: { flags: 0, jurisdiction, ageBand, sources, marketing, parental: [] },
      grant: {
        ...{ state: 'given', precision: 2, scopes: ['geolocate'], sources: 31, policyVersion: 'p', eventSeq: 1 },
        ...{ expiresAt: NOW + 1, suspendedAt: null, parental: null },
      },
      application: { active: true, suspended: false, maxPrecision: 2, adFunded: false, purposes: PURPOSE_NAMES },
      ...{ purpose, scope: 'geolocate', policyVersion: null, now: NOW },
    });
    for (const bit of [1, 2, 4, 8, 16])
      found[`${purpose} ${bit}`] =
        (decision.sources & bit) === 0 ? 0 : { nothing: 0, region: 1, precise: 2 }[decision.outcome];
  }
  return found;
}

test('no change that shows anybody more passes without proof, whatever the profile and the change', () => {
  fc.assert(
    fc.property(profiles, patches, (before, patch) => {
      const patched = patchProfile(before, patch, isChild, NOW);
      if ('refused' in patched || patched.loosens) return;
      const [was, is] = [shown(before), shown(patched.profile)];
      for (const [what, much] of Object.entries(is)) expect([what, much <= was[what]]).toEqual([what, true]);
      expect(patched.profile.jurisdiction).toBe(before.jurisdiction);
    }),
    { numRuns: 3_000 },
  );
});

test('a source off, no offers, a younger age or none never takes proof', () => {
  const younger = (band: AgeBand) =>
    band === 'unknown' ? ['under13', 'unknown'] : [...AGE_BANDS.slice(0, AGE_BANDS.indexOf(band)), 'unknown'];
  fc.assert(
    fc.property(profiles, fc.integer({ min: 0, max: 31 }), fc.nat(), (before, mask, pick) => {
      const bands = younger(before.ageBand) as AgeBand[];
      const patch = { sources: before.sources & mask, marketing: false, ageBand: bands[pick % bands.length] };
      const patched = patchProfile(before, patch, isChild, NOW);
      // A child that has no age any more is not a child: the operator's business.
      if ('refused' in patched) expect(patch.ageBand).toBe('unknown');
      else expect(patched.loosens).toBe(false);
    }),
  );
});

const GROWN_UP: Profile = { ...NEW_PROFILE, jurisdiction: 'NL', ageBand: '18plus', marketing: true };
const patchedOf = (before: Profile, patch: Patch) => {
  const patched = patchProfile(before, patch, isChild, NOW);
  if ('refused' in patched) throw new Error(patched.refused);
  return patched;
};

test.each<[string, Patch]>([
  ['under another law', { jurisdiction: 'BE' }],
  ['of another age', { ageBand: '16to17' }],
  ['with a source off', { sources: NEW_PROFILE.sources - 1 }],
  ['without offers', { marketing: false }],
])(
  'who is %s is forgotten by every gateway, who says the same again is not, nor who accepts a policy',
  (_how, patch) => {
    expect(patchedOf(GROWN_UP, patch).decides).toBe(true);
    const { profile } = patchedOf(GROWN_UP, patch);
    for (const same of [patch, {}, { acceptedPolicy: 'p' }])
      expect(patchedOf(profile, same)).toMatchObject({ decides: false, loosens: false });
  },
);

test('a child that changes something else is not made one anew', () => {
  const child: Profile = { ...NEW_PROFILE, jurisdiction: 'NL', ageBand: '13to15' };
  expect(patchedOf(child, { sources: 1 }).makesChild).toBe(false);
  expect(patchedOf(GROWN_UP, { ageBand: '13to15' }).makesChild).toBe(true);
});

test('the day on which somebody said what is kept, and which policy they accepted when, nothing of what they did not say', () => {
  const before: Profile = { ...GROWN_UP, statedDay: { sources: 7 }, accepted: { version: 'old', at: 1 } };
  const day = NOW / 86_400_000;
  expect(patchProfile(before, { ageBand: '18plus' }, isChild, NOW + 86_399_999)).toMatchObject({
    profile: { statedDay: { sources: 7, ageBand: day }, accepted: { version: 'old', at: 1 } },
  });
  expect(patchedOf(before, { acceptedPolicy: 'new' }).profile).toEqual({
    ...before,
    accepted: { version: 'new', at: NOW },
  });
});

test('to be taken for older takes proof also where it shows nothing more today: where the person moves next it may', () => {
  const before: Profile = { ...GROWN_UP, jurisdiction: 'BE', ageBand: '13to15' };
  expect(patchedOf(before, { ageBand: '18plus' }).loosens).toBe(true);
});
