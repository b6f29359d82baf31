// A partner with a phone of its own: what its phone is told of itself counts nobody else's rows. Says yes, asks about somebody's
// phone, says yes again: did the number of the row tell how many were written between, it would tell a refusal, which is a row,
// from a phone that is unknown or not located, which is none.
import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Capture } from '../../src/consent/events.ts';
import { readReceipt } from '../../src/consent/receipt-signer.ts';
import { openJson, sealJson } from '../../src/devices/profile.ts';
import { loadDevice } from '../../src/devices/store.ts';
import { hashToken } from '../../src/devices/token.ts';
import { insertPolicy } from '../../src/policy/store.ts';
import { FIRST_POLICY } from '../../src/process/first-policy.ts';
import { addDeviceKey, addPartner, HERE, MAP, MASTERS, openSharingGateway, PURPOSE } from '../support/sharing.ts';
import { openTestStore } from '../support/store.ts';

const store = await openTestStore();
const { pool } = store;
await insertPolicy(pool, FIRST_POLICY, FIRST_POLICY.effectiveAt);
const gateway = await openSharingGateway(store, { map: MAP, clock: { nowMs: Date.now() }, people: true });
const { key, application } = await addPartner(store, 'Curious');
const deviceKey = await addDeviceKey(store);
await gateway.followKeys();

const adult = { jurisdiction: 'NL', ageBand: '18plus' };
const register = async (body: object = adult): Promise<string> =>
  (await gateway.call('POST', '/v1/devices', deviceKey, body)).json().token;
const get = async (url: string, token: string) => (await gateway.call('GET', url, token)).json();

describe('a phone of the partner', async () => {
  const own = await register();
  const child = await register({ ...adult, ageBand: 'under13' });
  const url = `/v1/me/consents/${application}/${PURPOSE}`;
  const say = async () => (await gateway.call('PUT', url, own, { precision: 'precise' })).json();
  const before = await say();
  expect((await gateway.ask({ key, device: child }, HERE)).statusCode).toBe(404);
  const after = await say();
  for (let i = 0; i < 101; i++) expect((await gateway.ask({ key, device: own }, HERE)).statusCode).toBe(200);
  const { rows } = await pool.query('select seq::int from ledger_head');
  const written = rows[0].seq as number;

  const events = (receipt: string) => readReceipt(receipt).events.map(({ seq }) => seq);
  const told: Record<string, number[]> = {
    consents: [before, after].map(({ consent }) => consent.eventSeq),
    receipts: [...events(before.receipt), ...events(after.receipt)],
    'numbers of receipts': (await get('/v1/me/receipts', own)).receipts.map((one: { id: string }) =>
      Number(one.id.split('.')[1]),
    ),
    'pages of disclosures': [Number((await get('/v1/me/disclosures', own)).next)],
    'the copy': [...JSON.stringify(await get('/v1/me/export', own)).matchAll(/"(?:seq|eventSeq)":(\d+)/g)].map(
      ([, seq]) => Number(seq),
    ),
  };

  test.each(Object.entries(told))(
    'is told by its %s no number of a row that says how many there are',
    (_where, numbers) => {
      expect(numbers.length).toBeGreaterThan(0);
      // By lot one of these is that small once in 10^9 runs.
      expect(numbers.filter((one) => one <= written)).toEqual([]);
    },
  );

  test('finds the same rows by the same numbers in all of it', async () => {
    const [first, second] = told.consents;
    expect(told.receipts).toEqual([first, first, second]);
    expect(told['numbers of receipts'].sort()).toEqual([first, second].sort());
    expect(told['the copy']).toEqual(expect.arrayContaining([first, second]));
    for (const { receipt } of [before, after]) {
      const { receiptId } = readReceipt(receipt);
      expect(await get(`/v1/me/receipts/${receiptId}`, own)).toMatchObject({ id: receiptId, receipt });
    }
    const rest = await get(`/v1/me/disclosures?before=${told['pages of disclosures'][0]}`, own);
    expect(rest).toMatchObject({ disclosures: [{ what: 'precise' }], next: null });
  });

  test('finds a receipt of before, which calls itself by the number of its row, and no other by that, nor anybody else’s', async () => {
    const found = await pool.query(
      `select e.record, e.seq, e.device, e.sealed from consent_events e join device_tokens t using (device)
       where t.token_hash = $1 and e.application = $2 order by e.seq limit 1`,
      [hashToken(own), application],
    );
    const { record, seq, device, sealed } = found.rows[0];
    const byRow = `${record}.${seq}`;
    // Else whoever tries one number after the other counts rows again.
    expect(await get(`/v1/me/receipts/${byRow}`, own)).toMatchObject({ status: 404 });

    const { key: sealKey } = (await loadDevice(pool, MASTERS, hashToken(own), Date.now()))!;
    const label = `consent_events.sealed ${device}`;
    const capture = openJson<Capture>(sealKey, label, sealed);
    const [head, , signature] = before.receipt.split('.');
    const content = Buffer.from(JSON.stringify({ ...readReceipt(before.receipt), receiptId: byRow })).toString(
      'base64url',
    );
    const receipt = [head, content, signature].join('.');
    await pool.query('alter table consent_events disable trigger user');
    await pool.query('update consent_events set sealed = $2 where seq = $1', [
      seq,
      sealJson(sealKey, label, { ...capture, receipt }, randomBytes),
    ]);
    expect(await get(`/v1/me/receipts/${byRow}`, own)).toMatchObject({ id: byRow, receipt });
    expect(await get(`/v1/me/receipts/${byRow}`, await register())).toMatchObject({ status: 404 });
  });
});
