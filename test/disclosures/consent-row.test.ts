import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SCOPES } from '../../src/consent/purposes.ts';
import { CONSENT_DETAIL_SQL, consentDetail, type ToldConsent } from '../../src/disclosures/consent-row-contract.ts';
import { KIND, PRECISION } from '../../src/disclosures/entry.ts';
import { readForgedConsent } from '../../src/disclosures/forged-consent-store.ts';
import { openTestStore } from '../support/store.ts';
import { entry, NOW, testChain } from './ledger.ts';

const { pool } = await openTestStore();
const inChain = testChain(pool);
const YES = { state: 'given', scopes: ['geolocate'], sources: 31, expiresAt: 4e12 };

/** A yes as the consent room writes it, but for what its row says of it. */
async function insertYes(detail: (told: ToldConsent) => string): Promise<ToldConsent> {
  const told = { ...YES, device: randomUUID(), record: randomUUID() };
  await inChain(async (client, chain) => {
    await client.query('select 1');
    const ofRow = { kind: KIND.consent, precision: PRECISION.precise, policyVersion: 'v1' } as const;
    const seq = chain.append(entry({ ...ofRow, detail: detail(told) }));
    await client.query(
      `with e as (insert into consent_events (seq, device, record, application, purpose, at, state, precision, scopes,
           sources, policy_version, expires_at, sealed)
         values ($1, $2, $3, 'app', 'p', $4, 'given', 2, '{geolocate}', 31, 'v1', 4e12, '') returning *)
       insert into grants (device, application, purpose, record, state, precision, scopes, sources, policy_version, given_at,
         expires_at, event_seq)
       select device, application, purpose, record, state, precision, scopes, sources, policy_version, at, expires_at, seq from e`,
      [seq, told.device, told.record, NOW],
    );
  });
  return told;
}

test('what a row says of a consent is what the store finds it to be, whatever it allows', async () => {
  const consents = fc.record<ToldConsent>({
    state: fc.constantFrom('given', 'refused', 'withdrawn'),
    device: fc.uuid(),
    record: fc.uuid(),
    scopes: fc.subarray([...SCOPES]),
    sources: fc.integer({ min: 0, max: 31 }),
    expiresAt: fc.option(fc.integer({ min: 0, max: 8_640_000_000_000_000 })),
  });
  await fc.assert(
    fc.asyncProperty(consents, async (told) => {
      const { rows } = await pool.query(
        `select ${CONSENT_DETAIL_SQL} as detail from (select $1::text as state, $2::uuid as device, $3::uuid as record,
           $4::text[] as scopes, $5::smallint as sources, $6::bigint as expires_at) c`,
        [told.state, told.device, told.record, told.scopes, told.sources, told.expiresAt],
      );
      expect(rows[0].detail).toBe(consentDetail(told));
    }),
    { numRuns: 30 },
  );
});

test('a consent from before rows said what it allows is still what its row says', async () => {
  await insertYes(({ state }) => state);
  await insertYes(consentDetail);
  expect(await readForgedConsent(pool)).toBeNull();
});
