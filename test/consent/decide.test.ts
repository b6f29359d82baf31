import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ageOfConsent, maturity } from '../../src/consent/ages.ts';
import { decide, type Grant, type Question } from '../../src/consent/decide.ts';
import { PURPOSE_NAMES, PURPOSES, SCOPES } from '../../src/consent/purposes.ts';
import { AGE_BANDS, FLAG } from '../../src/devices/device-contract.ts';

const NOW = Date.UTC(2026, 10, 22);
const around = fc.constantFrom(NOW - 86_400_000, NOW - 1, NOW, NOW + 1, NOW + 86_400_000);
const maybe = <T>(one: fc.Arbitrary<T>) => fc.option(one, { nil: null });

const grants: fc.Arbitrary<Grant> = fc.record({
  state: fc.constantFrom(
    'given',
    'given',
    'given',
    'reconfirmed',
    'refused',
    'objected',
    'withdrawn',
    'expired',
    'invalidated',
  ),
  precision: fc.constantFrom(0, 1, 2, 2, 2),
  scopes: fc.subarray([...SCOPES]),
  sources: fc.integer({ min: 0, max: 31 }),
  policyVersion: fc.constantFrom('2017-06-30', '2026-01-01'),
  expiresAt: maybe(around),
  suspendedAt: maybe(around),
  parental: fc.constantFrom(null, 'p1', 'p2'),
  eventSeq: fc.integer({ min: 1, max: 1e9 }),
});
const parental = fc.record({
  id: fc.constantFrom('p1', 'p2'),
  at: around,
  withdrawnAt: maybe(around),
  precise: fc.boolean(),
});
const questions: fc.Arbitrary<Question> = fc.record({
  device: fc.record({
    flags: fc.constantFrom(0, 0, 0, 0, 1, 2, 4, 8, 6, 15),
    jurisdiction: fc.constantFrom(null, 'NL', 'BE', 'IN', 'US', 'ZZ'),
    ageBand: fc.constantFrom(...AGE_BANDS, '18plus' as const, '18plus' as const),
    sources: fc.constantFrom(31, 31, 0, 1, 12, 18),
    marketing: fc.constantFrom(true, true, false, undefined),
    parental: fc.array(parental, { maxLength: 3 }),
  }),
  grant: maybe(grants),
  application: fc.record({
    active: fc.constantFrom(true, true, false),
    suspended: fc.constantFrom(false, false, false, true),
    maxPrecision: fc.constantFrom(0, 1, 2, 2, 2),
    adFunded: fc.boolean(),
    purposes: fc.subarray([...PURPOSE_NAMES, 'dpv:Anything'], { minLength: 6 }),
  }),
  purpose: fc.constantFrom(...PURPOSE_NAMES, 'dpv:Anything', 'constructor'),
  scope: fc.constantFrom(...SCOPES),
  policyVersion: fc.constantFrom(null, '2026-01-01'),
  now: fc.constant(NOW),
});

/** DESIGN 6 and privacy.md 1.5 as a list of conditions, in no order and without reasons. */
function oracle({ device, grant, application, purpose, scope, now }: Question): { outcome: string; sources: number } {
  const live = device.parental.filter((p) => !(p.at > now) && !(p.withdrawnAt !== null && p.withdrawnAt <= now));
  const age = device.flags & 4 ? 'child' : maturity(device.ageBand, device.jurisdiction, now);
  const isAdvertising = ['dpv:DirectMarketing', 'dpv:PersonalisedAdvertising'].includes(purpose);
  const nothing = [
    device.flags & 1,
    device.flags & 8,
    application.suspended,
    application.maxPrecision === 0,
    !application.purposes.includes(purpose),
    !PURPOSE_NAMES.some((name) => name === purpose),
    age === 'child' && live.length === 0,
    grant !== null && ['refused', 'objected'].includes(grant.state),
    grant !== null && grant.precision === 0 && ['given', 'reconfirmed'].includes(grant.state),
    device.sources === 0,
    device.marketing === false && isAdvertising,
  ];
  if (nothing.some(Boolean)) return { outcome: 'nothing', sources: 0 };
  const advertising = application.adFunded || isAdvertising;
  const byParent = device.parental.find((p) => p.id === grant?.parental);
  const precise = [
    grant !== null && ['given', 'reconfirmed'].includes(grant.state),
    grant?.precision === 2,
    grant?.scopes.includes(scope),
    grant !== null && grant.expiresAt !== null && grant.expiresAt > now,
    grant !== null && !(grant.suspendedAt !== null && grant.suspendedAt <= now),
    application.active,
    application.maxPrecision === 2,
    age === 'ofAge' || (byParent !== undefined && live.includes(byParent) && byParent.precise && !advertising),
    ((grant?.sources ?? 0) & device.sources) > 0,
  ];
  if (precise.every(Boolean)) return { outcome: 'precise', sources: grant!.sources & device.sources };
  return { outcome: 'region', sources: device.sources };
}

const ADA: Question = {
  device: { flags: 0, jurisdiction: 'NL', ageBand: '18plus', sources: 31, parental: [] },
  grant: {
    state: 'given',
    precision: 2,
    scopes: ['geolocate'],
    sources: 5,
    policyVersion: '2017-06-30',
    expiresAt: NOW + 1,
    suspendedAt: null,
    parental: null,
    eventSeq: 7,
  },
  application: { active: true, suspended: false, maxPrecision: 2, adFunded: false, purposes: ['dpv:ServiceProvision'] },
  purpose: 'dpv:ServiceProvision',
  scope: 'geolocate',
  policyVersion: '2026-01-01',
  now: NOW,
};

describe('the decision', () => {
  test('is what the rules say, whatever the device, the grant and the application', () => {
    fc.assert(
      fc.property(questions, (question) => {
        const { outcome, sources } = decide(question);
        expect({ outcome, sources }).toEqual(oracle(question));
      }),
      { numRuns: 20_000 },
    );
  });

  test('names its reason, the event and the policy it stands on', () => {
    expect(decide(ADA)).toEqual({
      outcome: 'precise',
      reason: 'granted',
      sources: 5,
      eventSeq: 7,
      policyVersion: '2017-06-30',
    });
    expect(decide({ ...ADA, grant: null })).toEqual({
      outcome: 'region',
      reason: 'silence',
      sources: 31,
      eventSeq: null,
      policyVersion: '2026-01-01',
    });
    fc.assert(
      fc.property(questions, (question) => {
        const decision = decide(question);
        expect(decision.eventSeq).toBe(question.grant?.eventSeq ?? null);
        expect(decision.reason === 'granted').toBe(decision.outcome === 'precise');
      }),
    );
  });

  test.each<[string, Question]>([
    ['consent', { ...ADA, grant: null }],
    ['its precision', { ...ADA, grant: { ...ADA.grant!, precision: 1 } }],
    ['its scope', { ...ADA, scope: 'last-location' }],
    ['its purpose', { ...ADA, purpose: 'dpv:ServiceOptimisation' }],
    ['an application that is active', { ...ADA, application: { ...ADA.application, active: false } }],
    ['a date that is to come', { ...ADA, now: NOW + 1 }],
    ['a sense that both leave on', { ...ADA, device: { ...ADA.device, sources: 2 } }],
    ['a known age', { ...ADA, device: { ...ADA.device, ageBand: 'unknown' } }],
  ])('is not precise without %s', (_what, question) => {
    expect(decide(ADA).outcome).toBe('precise');
    expect(decide(question).outcome).not.toBe('precise');
  });

  test('rests nothing, not even a region, on a yes that waits for a new one', () => {
    const waiting = { ...ADA.grant!, precision: 1, suspendedAt: NOW };
    expect(decide({ ...ADA, grant: waiting })).toMatchObject({ outcome: 'region', reason: 'policyChanged' });
    expect(decide({ ...ADA, grant: { ...waiting, suspendedAt: NOW + 1 } })).toMatchObject({ reason: 'regionGranted' });
  });

  test('takes a refusal for one however much else speaks for an answer', () => {
    const refused = { ...ADA.grant!, state: 'refused' as const, precision: 0, expiresAt: null };
    expect(decide({ ...ADA, grant: refused })).toMatchObject({ outcome: 'nothing', reason: 'refused', eventSeq: 7 });
    // A withdrawal takes back a yes; it is no refusal.
    expect(decide({ ...ADA, grant: { ...ADA.grant!, state: 'withdrawn' } })).toMatchObject({
      outcome: 'region',
      reason: 'withdrawn',
    });
  });

  test("shows nothing of a child without a parent, and nothing precise on the child's own word", () => {
    const child = { ...ADA, device: { ...ADA.device, ageBand: '13to15' as const } };
    expect(decide(child)).toMatchObject({ outcome: 'nothing', reason: 'child' });
    const parental = [{ id: 'p1', at: NOW - 1, withdrawnAt: null, precise: true }];
    const covered = { ...child, device: { ...child.device, parental } };
    expect(decide(covered)).toMatchObject({ outcome: 'region', reason: 'childLimit' });
    const granted = { ...covered, grant: { ...ADA.grant!, parental: 'p1' } };
    expect(decide(granted).outcome).toBe('precise');
    expect(decide({ ...granted, application: { ...ADA.application, adFunded: true } }).reason).toBe('childLimit');
    expect(
      decide({ ...granted, device: { ...child.device, parental: [{ ...parental[0], precise: false }] } }).reason,
    ).toBe('childLimit');
    expect(
      decide({ ...granted, device: { ...child.device, parental: [{ ...parental[0], withdrawnAt: NOW }] } }).outcome,
    ).toBe('nothing');
  });

  test('never lets a child’s precise place serve advertising, whatever its parent allows, nor on a consent its parent took back', () => {
    const parental = [{ id: 'p1', at: NOW - 1, withdrawnAt: null, precise: true }];
    const application = { ...ADA.application, purposes: ['dpv:ServiceProvision', 'dpv:PersonalisedAdvertising'] };
    const grant = { ...ADA.grant!, parental: 'p1' };
    const device = { ...ADA.device, ageBand: '13to15' as const, marketing: true, parental };
    const child = { ...ADA, application, grant, device };
    expect(decide(child).outcome).toBe('precise');
    expect(decide({ ...child, purpose: 'dpv:PersonalisedAdvertising' })).toMatchObject({
      outcome: 'region',
      reason: 'childLimit',
    });
    // Another consent of the parent's is in force, and none of its own.
    const takenBack = [
      { ...parental[0], withdrawnAt: NOW },
      { ...parental[0], id: 'p2' },
    ];
    expect(decide({ ...child, device: { ...device, parental: takenBack } })).toMatchObject({
      outcome: 'region',
      reason: 'childLimit',
    });
    expect(decide({ ...child, device: { ...device, parental: takenBack, ageBand: 'unknown' } })).toMatchObject({
      outcome: 'region',
      reason: 'ageUnknown',
    });
  });

  test('takes a device for a child’s once it was found out to be, whatever its band', () => {
    expect(decide({ ...ADA, device: { ...ADA.device, flags: FLAG.child } }).outcome).toBe('nothing');
  });

  test('gives nobody of the same vendor what was granted to one application', () => {
    // Another application has no record: that is all the decision is ever given.
    expect(decide({ ...ADA, grant: null }).outcome).toBe('region');
  });
});

describe('the age of own consent', () => {
  test.each([
    ['NL', '2026-01-01', 16],
    ['BE', '2026-01-01', 13],
    ['SI', '2022-12-31', 16],
    ['SI', '2023-01-26', 15],
    ['IN', '2026-01-01', 18],
    ['IN', '2023-01-01', 16],
    ['US', '2010-01-01', 13],
    ['ZZ', '2026-01-01', 16],
    [null, '2026-01-01', 16],
    ['__proto__', '2026-01-01', 16],
  ])('in %s on %s is %i', (jurisdiction, day, years) => {
    expect(ageOfConsent(jurisdiction, Date.parse(day))).toBe(years);
  });

  test('makes a child of everybody in a band that reaches below it', () => {
    const oldest = { under13: 12, '13to15': 15, '16to17': 17, '18plus': 120 };
    for (const [band, top] of Object.entries(oldest))
      for (const jurisdiction of ['BE', 'AT', 'FR', 'NL', 'IN', null]) {
        const from = ageOfConsent(jurisdiction, NOW);
        const bottom = { under13: 0, '13to15': 13, '16to17': 16, '18plus': 18 }[band as 'under13'];
        let someUnder = false;
        for (let age = bottom; age <= top; age++) someUnder ||= age < from;
        expect([band, jurisdiction, maturity(band as 'under13', jurisdiction, NOW)]).toEqual([
          band,
          jurisdiction,
          someUnder ? 'child' : 'ofAge',
        ]);
      }
    expect(maturity('unknown', 'BE', NOW)).toBe('unknown');
  });
});

test('every purpose is named as DPV names it and explained in both languages', () => {
  for (const [name, words] of Object.entries(PURPOSES)) {
    expect(name).toMatch(/^dpv:[A-Za-z0-9]+$/);
    expect(words.en.length).toBeGreaterThan(10);
    expect(words.nl.length).toBeGreaterThan(10);
  }
});
