// What was really told, by the pipeline that answers partners, against what people had said by then: every row of the ledger is
// decided again from the events before it. Two gateways on one store: one takes what people say, the other is asked.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decide } from '../../src/consent/decide.ts';
import { replayTo } from '../../src/consent/replay.ts';
import { readHistory } from '../../src/consent/store.ts';
import { masterKeysOf } from '../../src/devices/master-keys.ts';
import { loadDevice } from '../../src/devices/store.ts';
import { hashToken } from '../../src/devices/token.ts';
import { KIND } from '../../src/disclosures/entry.ts';
import { settleEverywhere } from '../../src/disclosures/settle.ts';
import { listPublications } from '../../src/policy/store.ts';
import { currentPolicy } from '../../src/policy/versions.ts';
import { HOUR_MS } from '../../src/time/spans.ts';
import { createTestPeople } from '../support/people.ts';
import { addPartner, HERE, LEDGER_KEY, MAP, openSharingGateway, PURPOSE } from '../support/sharing.ts';
import { openTestStore } from '../support/store.ts';

const MASTERS = masterKeysOf([Buffer.alloc(32, 9)]);

const store = await openTestStore();
const asked = await openSharingGateway(store, { map: MAP });
const { key, application } = await addPartner(store, 'Bus Times');
await asked.followKeys();
const settle = (seq: number) => settleEverywhere(store.pool, seq, () => performance.now());
const people = await createTestPeople(store, { masters: MASTERS, ledgerKey: LEDGER_KEY, settle });
const recipient = { active: true, suspended: false, maxPrecision: 2, adFunded: false, purposes: [PURPOSE] };
const url = `/v1/me/consents/${application}/${PURPOSE}`;

type Step = { method: 'PUT' | 'DELETE' | 'PATCH'; body?: object } | { hours: number } | 'ask';
const steps = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.constant<Step>('ask') },
    { weight: 2, arbitrary: fc.constantFrom<Step>({ hours: 0.3 }, { hours: 30 }) },
    {
      weight: 4,
      arbitrary: fc.constantFrom<Step>(
        { method: 'PUT', body: { precision: 'precise', validForDays: 1 } },
        { method: 'PUT', body: { precision: 'precise', sources: { gps: false } } },
        { method: 'PUT', body: { precision: 'region' } },
        { method: 'PUT', body: { precision: 'none' } },
        { method: 'DELETE' },
        { method: 'PATCH', body: { ageBand: 'unknown' } },
        { method: 'PATCH', body: { ageBand: '18plus' } },
        { method: 'PATCH', body: { sources: { gps: false } } },
        { method: 'PATCH', body: { sources: { gps: true } } },
      ),
    },
  ),
  { minLength: 6, maxLength: 14 },
);

test('whatever was told was what the events before it say, for the reason they give', async () => {
  const told = { precise: 0, region: 0, nothing: 0 };
  await fc.assert(
    fc.asyncProperty(steps, async (life) => {
      people.clock.nowMs = asked.clock.nowMs += HOUR_MS;
      const token = await people.register();
      let precise = 0;
      for (const step of life) {
        if (step === 'ask') {
          const answer = await asked.ask({ key, device: token }, HERE);
          if (answer.statusCode === 200 && answer.json().precision === 'precise') precise++;
        } else if ('hours' in step) people.clock.nowMs = asked.clock.nowMs += step.hours * HOUR_MS;
        else if (step.method === 'PATCH')
          await people.call('PATCH', '/v1/me', token, step.body, await people.prove(token, 'profile'));
        else await people.call(step.method, url, token, step.body);
      }
      const device = (await loadDevice(store.pool, MASTERS, hashToken(token), people.clock.nowMs))!;
      const history = await readHistory(store.pool, device);
      const publications = await listPublications(store.pool);
      const policies = publications.map(({ policy }) => policy);
      const { rows } = await store.pool.query(
        `select seq::float8 as seq, at::float8 as at, kind, event_seq::float8 as "eventSeq", policy_version as "policyVersion",
           detail from ledger where subject = $1 and kind in ($2, $3, $4) order by seq`,
        [device.subject, KIND.precise, KIND.region, KIND.refused],
      );
      expect(rows.filter((row) => row.kind === KIND.precise)).toHaveLength(precise);
      for (const { seq, at, kind, eventSeq, policyVersion, detail } of rows) {
        const was = replayTo(history, publications, { application, purpose: PURPOSE }, seq)!;
        const inForce = currentPolicy(policies, at);
        const about = {
          ...{ application: recipient, purpose: PURPOSE, scope: 'geolocate' as const },
          policyVersion: inForce?.version ?? null,
        };
        const again = decide({ ...was, ...about, now: at });
        const outcome = ({ [KIND.precise]: 'precise', [KIND.region]: 'region', [KIND.refused]: 'nothing' } as const)[
          kind as 1
        ];
        expect(again).toMatchObject({ outcome, eventSeq, policyVersion });
        if (kind !== KIND.precise) expect(again.reason).toBe(detail);
        told[outcome]++;
      }
    }),
    { numRuns: 9, seed: 7 },
  );
  expect(Math.min(told.precise, told.region, told.nothing)).toBeGreaterThan(0);
}, 60_000);
