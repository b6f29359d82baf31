// Offers can be opted out of at any time, what must be said cannot (privacy policy, C7). Two gateways on one store: one takes
// what people say, the other is asked by a recipient.
import { describe, expect, test } from 'vitest';
import { KIND } from '../../src/disclosures/entry.ts';
import { settleEverywhere } from '../../src/disclosures/settle.ts';
import { insertPolicy } from '../../src/policy/store.ts';
import { createTestPeople } from '../support/people.ts';
import { addPartner, HERE, LEDGER_KEY, MAP, MASTERS, openSharingGateway, PURPOSE } from '../support/sharing.ts';
import { openTestStore } from '../support/store.ts';

const MARKETING = ['dpv:DirectMarketing', 'dpv:PersonalisedAdvertising'];

const store = await openTestStore();
const asked = await openSharingGateway(store, { map: MAP });
const settle = (seq: number) => settleEverywhere(store.pool, seq, () => performance.now());
const people = await createTestPeople(store, { masters: MASTERS, ledgerKey: LEDGER_KEY, settle });
const { key, application } = await addPartner(store, 'Shop');
await store.pool.query('update applications set purposes = $1 where id = $2', [[PURPOSE, ...MARKETING], application]);
await asked.followKeys();
people.clock.nowMs = asked.clock.nowMs;

async function told(token: string, purpose: string): Promise<string> {
  const answer = await asked.ask({ key, device: token, purpose }, HERE);
  return answer.statusCode === 200 ? answer.json().precision : `${answer.statusCode}`;
}
async function setMarketing(token: string, marketing: boolean): Promise<void> {
  const proof = marketing ? await people.prove(token, 'profile') : undefined;
  const { status } = await people.call('PATCH', '/v1/me', token, { marketing }, proof);
  expect(status).toBe(200);
}
const agree = (token: string, purpose: string) =>
  people.call('PUT', `/v1/me/consents/${application}/${purpose}`, token, { precision: 'precise' });

describe('offers', () => {
  test.each(MARKETING)(
    'for %s nobody is shown anything while they are off, as they are for everybody at first',
    async (purpose) => {
      const token = await people.register();
      expect([await told(token, purpose), await told(token, PURPOSE)]).toEqual(['404', 'region']);
      // Not even on the strength of a yes to one application, which its owner sees to be of no use.
      expect((await agree(token, purpose)).body).toMatchObject({
        consent: { state: 'given', shows: 'nothing', because: 'marketingOff' },
      });
      expect(await told(token, purpose)).toBe('404');
      const nowhere = await asked.ask({ key, device: token, purpose: PURPOSE }, {});
      const off = await asked.ask({ key, device: await people.register(), purpose }, HERE);
      expect(off.rawPayload).toEqual(
        (await asked.ask({ key, device: `hgt_${'A'.repeat(43)}`, purpose }, {})).rawPayload,
      );
      expect(nowhere.statusCode).toBe(200);
      const { rows } = await store.pool.query('select detail from ledger where kind = $1 and purpose = $2', [
        KIND.refused,
        purpose,
      ]);
      expect(new Set(rows.map((row) => row.detail))).toEqual(new Set(['marketingOff']));
    },
  );

  test('are opted out of by one call, in force on every gateway with its answer, remembered regions too', async () => {
    const token = await people.register();
    const [purpose] = MARKETING;
    await setMarketing(token, true);
    expect([await told(token, purpose), await told(token, purpose)]).toEqual(['region', 'region']);
    await setMarketing(token, false);
    expect(await told(token, purpose)).toBe('404');
    await setMarketing(token, true);
    await agree(token, purpose);
    expect(await told(token, purpose)).toBe('precise');
    await setMarketing(token, false);
    expect([await told(token, purpose), await told(token, PURPOSE)]).toEqual(['404', 'region']);
  });
});

test('important notices are delivered whatever the switch for offers says, once each, and when they were is kept', async () => {
  const [never, off, on] = [await people.register(), await people.register(), await people.register()];
  await setMarketing(on, true);
  await setMarketing(off, true);
  await setMarketing(off, false);
  people.clock.nowMs += 1_000;
  const version = { version: '2027-01-01', effectiveAt: people.clock.nowMs + 1, material: true };
  await insertPolicy(
    store.pool,
    { ...version, widens: ['purposes'], texts: [{ language: 'en', text: 'More.' }] },
    people.clock.nowMs,
  );
  const firstShownAt = new Date(people.clock.nowMs).toISOString();
  for (let i = 0; i < 2; i++) {
    for (const token of [never, off, on]) {
      const { notices } = (await people.call('GET', '/v1/me', token)).body as { notices: object[] };
      expect(notices).toMatchObject([{ version: '2027-01-01', material: true, firstShownAt }]);
    }
    people.clock.nowMs += 1_000;
  }
  // There is nothing with which to switch them off.
  for (const body of [{ notices: false }, { notices: [] }, { mandatoryNotices: false }])
    expect((await people.call('PATCH', '/v1/me', never, body)).status).toBe(400);
});
