// Random lives of a device on a real store; every decision on the way is made again from its events.
import { randomBytes, randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { putConsent, withdrawConsent } from '../../src/consent/change-store.ts';
import { type Decision, decide, type Recipient } from '../../src/consent/decide.ts';
import { insertParental, withdrawParental } from '../../src/consent/parental-store.ts';
import { createReceiptSigner } from '../../src/consent/receipt-signer.ts';
import { replayTo } from '../../src/consent/replay.ts';
import { loadGrant, readHistory } from '../../src/consent/store.ts';
import { NEW_PROFILE, stateOf } from '../../src/devices/profile.ts';
import { changeDevice, lockDevice, noteDevice, registerDevice } from '../../src/devices/store.ts';
import { createInChain } from '../../src/disclosures/chain.ts';
import { listPolicies, listPublications, publishPolicy } from '../../src/policy/store.ts';
import type { Widens } from '../../src/policy/versions.ts';
import { EVIDENCE_MS } from '../../src/rights/registry-people.ts';
import { sweepExpired } from '../../src/rights/retention-store.ts';
import { transact } from '../../src/storage/transaction.ts';
import { DAY_MS } from '../../src/time/spans.ts';
import { addTestApplication, LEDGER_KEY, MASTERS } from '../support/people.ts';
import { openTestStore } from '../support/store.ts';

const store = await openTestStore();
const { pool } = store;
const signer = await createReceiptSigner(Buffer.alloc(32, 3));
const application = await addTestApplication(store);
const about = { application, purpose: 'dpv:ServiceProvision' as const };
const recipient: Recipient = {
  active: true,
  suspended: false,
  maxPrecision: 2,
  adFunded: false,
  purposes: [about.purpose],
};
const secrets = { masters: MASTERS, random: randomBytes };
const screen = { language: null, textHash: null, screen: null };

let now = Date.UTC(2026, 0, 1);
let versions = 0;
const inChain = createInChain({ pool, ledgerKey: LEDGER_KEY, now: () => now, settle: async () => {} });

type Step =
  | { kind: 'put'; precision: number; days: number; sources: number; scopes: ('geolocate' | 'last-location')[] }
  | { kind: 'withdraw' }
  | { kind: 'wait'; days: number }
  | { kind: 'policy'; widens: Widens[]; inDays: number }
  | { kind: 'device'; ageBand?: '13to15' | '18plus' | 'unknown'; sources?: number; flags?: number }
  | { kind: 'parent'; precise: boolean }
  | { kind: 'parentGone' };

const put = fc.record({
  kind: fc.constant('put' as const),
  precision: fc.constantFrom(0, 1, 2, 2, 2),
  days: fc.integer({ min: 1, max: 10 }),
  sources: fc.constantFrom(31, 12),
  scopes: fc.constantFrom<('geolocate' | 'last-location')[]>(['geolocate'], ['geolocate', 'last-location']),
});
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: put },
    { weight: 2, arbitrary: fc.constant({ kind: 'withdraw' as const }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('wait' as const), days: fc.integer({ min: 1, max: 6 }) }) },
    { weight: 3, arbitrary: fc.constant({ kind: 'wait' as const, days: 1_200 }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('policy' as const),
        widens: fc.constantFrom<Widens[]>([], ['precision'], ['recipients'], ['purposes']),
        inDays: fc.constantFrom(0, 0, 1, 3),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.constantFrom<Step>(
        { kind: 'device', ageBand: '13to15' },
        { kind: 'device', ageBand: '18plus' },
        { kind: 'device', ageBand: 'unknown' },
        { kind: 'device', sources: 5 },
        { kind: 'device', sources: 31 },
        { kind: 'device', flags: 1 },
        { kind: 'device', flags: 0 },
      ),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('parent' as const), precise: fc.boolean() }) },
    { weight: 1, arbitrary: fc.constant({ kind: 'parentGone' as const }) },
  ),
  { minLength: 4, maxLength: 12 },
);

async function take(step: Step, id: string, parents: string[]): Promise<void> {
  // After every moment that was decided on so far.
  now += DAY_MS / 2 + 1;
  if (step.kind === 'wait') {
    now += step.days * DAY_MS;
    return;
  }
  await inChain(async (client, chain) => {
    const device = (await lockDevice(client, MASTERS, id))!;
    const policies = await listPolicies(client);
    const deps = { device, policies, signer, random: randomBytes, newId: randomUUID, now, contact: 'us' };
    if (step.kind === 'put') {
      const wanted = { ...step, expiresAt: now + step.days * DAY_MS, policyVersion: null };
      await putConsent(client, chain, deps, about, wanted, screen);
    } else if (step.kind === 'withdraw') await withdrawConsent(client, chain, deps, about);
    else if (step.kind === 'policy') {
      const last = Math.max(now, ...policies.map((one) => one.effectiveAt + 1));
      const { widens } = step;
      const policy = {
        version: `v${++versions}`,
        effectiveAt: last + step.inDays * DAY_MS,
        material: widens.length > 0,
      };
      await publishPolicy(client, chain, { ...policy, widens, texts: [] }, now);
    } else if (step.kind === 'device') {
      const { ageBand, sources, flags } = step;
      await changeDevice(
        client,
        chain,
        secrets,
        id,
        ({ profile }) => ({
          profile: { ...profile, ageBand: ageBand ?? profile.ageBand, sources: sources ?? profile.sources },
          ...(flags === undefined ? {} : { flags }),
        }),
        'test',
        now,
      );
    } else {
      if (step.kind === 'parent') {
        parents.push(randomUUID());
        const parental = { id: parents.at(-1)!, method: 'in-person' as const, parent: 'P', evidenceSha256: '' };
        await insertParental(client, device, { ...parental, precise: step.precise }, randomBytes, now);
      } else {
        const parental = parents.shift();
        if (parental === undefined) return;
        await withdrawParental(client, chain, deps, parental);
      }
      await noteDevice(client, chain, (await lockDevice(client, MASTERS, id))!, 'test', randomBytes, now);
    }
  });
}

test('a policy of the same millisecond, or of a host whose clock is behind, is in force from its own row on', () => {
  const policy = {
    version: 'v2',
    effectiveAt: 900,
    publishedAt: 900,
    material: true,
    widens: ['precision' as const],
    texts: [],
  };
  const device = { flags: 0, jurisdiction: 'NL', ageBand: '18plus' as const, sources: 31, parental: [] };
  const terms = {
    state: 'given' as const,
    precision: 2,
    scopes: [],
    sources: 31,
    policyVersion: 'v1',
    expiresAt: 2_000,
  };
  const capture = {
    ...screen,
    actor: 'subject' as const,
    ageBand: '18plus' as const,
    jurisdiction: 'NL',
    parental: null,
    receipt: null,
  };
  const event = { ...terms, ...about, seq: 5, record: 'r', at: 1_000, capture };
  const history = { events: [event], devices: [{ seq: 4, at: 1_000, device }] };
  const asOf = (seq: number) => replayTo(history, [{ seq: 7, policy }], about, seq)!.grant!.suspendedAt;
  expect([asOf(6), asOf(7)]).toEqual([null, 900]);
});

test('replaying events to any moment gives the decision that was made then on what was stored, and after a sweep that of the last three years', async () => {
  const outcomes = new Set<string>();
  let swept = 0;
  await fc.assert(
    fc.asyncProperty(steps, async (life) => {
      const id = randomUUID();
      // What the last life announced is in force.
      now = Math.max(now, ...(await listPolicies(pool)).map((one) => one.effectiveAt + 1));
      const profile = { ...NEW_PROFILE, ageBand: '18plus' as const };
      await inChain((client, chain) => registerDevice(client, chain, secrets, id, profile, now));
      const made: { seq: number; now: number; scope: 'geolocate' | 'last-location'; decision: Decision }[] = [];
      const parents: string[] = [];
      for (const step of life) {
        await take(step, id, parents);
        const grant = await loadGrant(pool, id, application, about.purpose);
        const device = stateOf((await transact(pool, (client) => lockDevice(client, MASTERS, id)))!);
        const { rows } = await pool.query('select seq::float8 as seq from ledger_head');
        // Also later the same day, while nothing happens: what runs out does so by itself.
        for (const scope of ['geolocate', 'last-location'] as const)
          for (const later of [0, DAY_MS / 2]) {
            const question = {
              device,
              grant,
              application: recipient,
              purpose: about.purpose,
              scope,
              policyVersion: null,
            };
            const decision = decide({ ...question, now: now + later });
            made.push({ seq: rows[0].seq, now: now + later, scope, decision });
            outcomes.add(`${decision.outcome} ${decision.reason}`);
          }
      }
      const publications = await listPublications(pool);
      const history = await readHistory(pool, (await transact(pool, (client) => lockDevice(client, MASTERS, id)))!);
      for (const { seq, now: then, scope, decision } of made) {
        const was = replayTo(history, publications, about, seq)!;
        const question = { ...was, application: recipient, purpose: about.purpose, scope, policyVersion: null };
        expect(decide({ ...question, now: then })).toEqual(decision);
      }
      swept += (await sweepExpired(pool, now)).consent_events ?? 0;
      const left = await readHistory(pool, (await transact(pool, (client) => lockDevice(client, MASTERS, id)))!);
      for (const { seq, now: then, scope, decision } of made) {
        if (then <= now - EVIDENCE_MS) continue;
        const was = replayTo(left, publications, about, seq)!;
        const question = { ...was, application: recipient, purpose: about.purpose, scope, policyVersion: null };
        const again = decide({ ...question, now: then });
        // Of a consent that ended three years ago nothing is left: it was silence from its end on.
        const isGone = was.grant === null && decision.eventSeq !== null;
        if (isGone) expect([again.outcome, again.sources]).toEqual([decision.outcome, decision.sources]);
        else expect(again).toEqual(decision);
      }
      for (const all of [left.events, left.devices])
        for (const next of all.slice(1)) expect(next.at).toBeGreaterThan(now - EVIDENCE_MS);
    }),
    { numRuns: 16, seed: 42 },
  );
  expect(swept).toBeGreaterThan(10);
  // The lives were lived: what there is to decide was decided.
  for (const one of [
    'precise granted',
    'region expired',
    'region withdrawn',
    'nothing refused',
    'region policyChanged',
  ])
    expect(outcomes).toContain(one);
}, 60_000);
