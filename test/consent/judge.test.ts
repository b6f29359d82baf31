import { describe, expect, test } from 'vitest';
import { type ConsentQuestion, heldFrom, judgeConsent, type RefusedConsent } from '../../src/consent/judge.ts';
import { FLAG, type ParentalConsent } from '../../src/devices/device-contract.ts';
import type { PolicyVersion, Widens } from '../../src/policy/versions.ts';
import { DAY_MS } from '../../src/time/spans.ts';

const NOW = Date.UTC(2026, 10, 22);
const SERVICE = 'dpv:ServiceProvision';

const policy = (version: string, effectiveAt: number, widens: Widens[] = []): PolicyVersion => ({
  ...{ version, effectiveAt, publishedAt: effectiveAt - 30 * DAY_MS },
  ...{ material: widens.length > 0, widens, texts: [] },
});
const OLD = policy('2025-01-01', Date.UTC(2025, 0, 1));
const CURRENT = policy('2026-01-01', Date.UTC(2026, 0, 1));
const ANNOUNCED = policy('2027-01-01', Date.UTC(2027, 0, 1));

type Parts = {
  readonly [Part in 'device' | 'application' | 'wanted']?: Partial<ConsentQuestion[Part]>;
} & Partial<Pick<ConsentQuestion, 'purpose' | 'before'>>;

/** A grown-up's yes to precise positions for half a year, but for what is said. */
function ask({ device, application, wanted, purpose = SERVICE, before = null }: Parts): ConsentQuestion {
  return {
    device: { flags: 0, jurisdiction: 'NL', ageBand: '18plus', sources: 31, parental: [], ...device },
    application: {
      ...{ active: true, suspended: false, maxPrecision: 2, adFunded: false },
      ...{ purposes: [SERVICE, 'dpv:PersonalisedAdvertising'], ...application },
    },
    ...{ purpose, before, policies: [OLD, CURRENT, ANNOUNCED], current: CURRENT, now: NOW },
    wanted: {
      ...{ precision: 2, scopes: ['geolocate'], sources: 31, expiresAt: null, policyVersion: null },
      ...wanted,
    },
  };
}
const parent = (more: Partial<ParentalConsent> = {}): ParentalConsent => ({
  ...{ id: 'p1', at: NOW - DAY_MS, withdrawnAt: null, precise: true },
  ...more,
});
const child = (...parental: ParentalConsent[]) => ({ ageBand: 'under13' as const, parental });

describe('a yes', () => {
  test('is taken on the terms that were agreed to, under the policy in force, for half a year', () => {
    expect(judgeConsent(ask({}))).toEqual({
      ...{ state: 'given', precision: 2, scopes: ['geolocate'], sources: 31, policyVersion: '2026-01-01' },
      ...{ expiresAt: NOW + 180 * DAY_MS, parental: null },
    });
  });

  test.each<[RefusedConsent, string, Parts]>([
    ['applicationSuspended', 'its application is suspended', { application: { suspended: true } }],
    ['applicationInactive', 'nobody is named behind it', { application: { active: false } }],
    ['purposeNotRegistered', 'it is for another purpose', { purpose: 'dpv:DirectMarketing' }],
    ['notOffered', 'it is finer than the application may get', { application: { maxPrecision: 1 } }],
    ['policyOutdated', 'an older policy was read', { wanted: { policyVersion: OLD.version } }],
    ['policyOutdated', 'no such policy is known', { wanted: { policyVersion: '1999-01-01' } }],
    ['badExpiry', 'it is over already', { wanted: { expiresAt: NOW } }],
    ['badExpiry', 'it is for more than a year', { wanted: { expiresAt: NOW + 365 * DAY_MS + 1 } }],
    ['badExpiry', 'its end is no time', { wanted: { expiresAt: Number.NaN } }],
    ['parentNeeded', 'a child is alone', { device: child() }],
    ['parentNeeded', 'a child was found out to be one', { device: { flags: FLAG.child } }],
    ['parentNeeded', 'the parent took it back', { device: child(parent({ withdrawnAt: NOW })) }],
    ['parentNeeded', 'it is for a region only and the child is alone', { device: child(), wanted: { precision: 1 } }],
    ['parentLimits', 'the parent names regions only', { device: child(parent({ precise: false })) }],
    ['ageUnknown', 'nobody has said how old the person is', { device: { ageBand: 'unknown' } }],
    [
      'notForChildren',
      'a child would be shown to advertisers',
      { device: child(parent()), purpose: 'dpv:PersonalisedAdvertising' },
    ],
    [
      'notForChildren',
      'the child’s application lives on advertisements',
      { device: child(parent()), application: { adFunded: true } },
    ],
  ])('is refused as %s where %s', (refused, _where, parts) => {
    expect(judgeConsent(ask(parts))).toEqual({ refused });
  });

  test.each<[string, Parts]>([
    ['until the last moment of a year', { wanted: { expiresAt: NOW + 365 * DAY_MS } }],
    ['on a policy that is announced', { wanted: { policyVersion: ANNOUNCED.version } }],
    ['to a region where no more is offered', { application: { maxPrecision: 1 }, wanted: { precision: 1 } }],
    ['to a region where the age is unknown', { device: { ageBand: 'unknown' }, wanted: { precision: 1 } }],
    ['of a grown-up to an application that lives on advertisements', { application: { adFunded: true } }],
  ])('is taken %s', (_what, parts) => {
    expect(judgeConsent(ask(parts))).toMatchObject({ state: 'given', parental: null });
  });

  test('ends when the person says, and by itself after half a year', () => {
    const expiresAt = NOW + DAY_MS;
    expect(judgeConsent(ask({ wanted: { expiresAt } }))).toMatchObject({ state: 'given', expiresAt });
  });

  test('of a grown-up stands on nobody else’s, whoever once consented for them', () => {
    expect(judgeConsent(ask({ device: { parental: [parent()] } }))).toMatchObject({ state: 'given', parental: null });
  });

  test('of a child stands on the parental consent that counts for most', () => {
    const both = child(parent({ id: 'region', precise: false }), parent({ id: 'precise' }));
    expect(judgeConsent(ask({ device: both }))).toMatchObject({ state: 'given', parental: 'precise' });
    const region = { device: child(parent({ precise: false })), wanted: { precision: 1 } };
    expect(judgeConsent(ask(region))).toMatchObject({ precision: 1, parental: 'p1' });
  });

  test('confirms a live one if the policy has moved on, and is a new one else', () => {
    const before = {
      ...{
        state: 'given' as const,
        precision: 2,
        scopes: ['geolocate' as string],
        sources: 31,
        policyVersion: OLD.version,
      },
      ...{ expiresAt: NOW + 1, parental: null, suspendedAt: null, eventSeq: 1 },
    };
    const stateAfter = (more: Partial<typeof before> | { state: 'withdrawn' }) =>
      judgeConsent(ask({ before: { ...before, ...more } }));
    expect(stateAfter({})).toMatchObject({ state: 'reconfirmed' });
    expect(stateAfter({ policyVersion: CURRENT.version })).toMatchObject({ state: 'given' });
    expect(stateAfter({ expiresAt: NOW })).toMatchObject({ state: 'given' });
    expect(stateAfter({ state: 'withdrawn' })).toMatchObject({ state: 'given' });
    // Another yes than the one that was there.
    const scopes = [['geolocate', 'last-location'], ['last-location'], []];
    for (const other of [{ precision: 1 }, { sources: 30 }, ...scopes.map((one) => ({ scopes: one }))])
      expect(stateAfter(other)).toMatchObject({ state: 'given' });
  });
});

test('a no is always taken, whatever else is wrong, and never ends', () => {
  const wrong: Parts = {
    device: child(),
    application: { suspended: true, active: false, maxPrecision: 0, purposes: [] },
    wanted: { precision: 0, expiresAt: NOW - 1, policyVersion: OLD.version },
  };
  expect(judgeConsent(ask(wrong))).toEqual({
    ...{ state: 'refused', precision: 0, scopes: [], sources: 0, policyVersion: CURRENT.version },
    ...{ expiresAt: null, parental: null },
  });
});

describe('a consent waits for a new yes', () => {
  const given = (precision: number) => ({ policyVersion: CURRENT.version, precision });
  const wider = (...widens: Widens[]) => policy('2028-01-01', Date.UTC(2028, 0, 1), widens);

  test('from the date of the first later version that widens what it was given for', () => {
    const later = policy('2029-01-01', Date.UTC(2029, 0, 1), ['purposes']);
    const first = wider('recipients');
    for (const both of [
      [later, first],
      [first, later],
    ])
      expect(heldFrom(given(1), [OLD, CURRENT, ...both])).toBe(Date.UTC(2028, 0, 1));
  });

  test('only if the change touches it: a finer precision is nothing to a region', () => {
    expect(heldFrom(given(2), [CURRENT, wider('precision')])).toBe(Date.UTC(2028, 0, 1));
    expect(heldFrom(given(1), [CURRENT, wider('precision')])).toBeNull();
    expect(heldFrom(given(1), [CURRENT, wider('precision', 'purposes')])).toBe(Date.UTC(2028, 0, 1));
    expect(heldFrom(given(0), [CURRENT, wider('purposes')])).toBeNull();
  });

  test('never for a change that is not material, nor for the version it was given under or those before', () => {
    const material = policy(CURRENT.version, CURRENT.effectiveAt, ['purposes']);
    const before = policy(OLD.version, OLD.effectiveAt, ['purposes']);
    expect(heldFrom(given(2), [before, material, ANNOUNCED])).toBeNull();
  });

  test('from the first that widens it, where nobody knows any more what was read', () => {
    expect(heldFrom({ policyVersion: '1999-01-01', precision: 2 }, [OLD, CURRENT, wider('purposes')])).toBe(
      Date.UTC(2028, 0, 1),
    );
  });
});
