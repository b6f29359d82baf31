// What a person, or whoever holds a ticket or a code, can still read on the routes when the time of a row is over and no job has run since.
import { expect, test } from 'vitest';
import { EVIDENCE_MS } from '../../src/rights/registry-people.ts';
import { DAY_MS } from '../../src/time/spans.ts';
import { addTestApplication, createTestPeople } from '../support/people.ts';
import { openTestStore } from '../support/store.ts';

const PURPOSE = 'dpv:ServiceProvision';
const store = await openTestStore();
const { call, clock, prove, register } = await createTestPeople(store);
clock.nowMs = Date.UTC(2026, 10, 29, 12);

/** A phone in use: its token as it is at `toMs`. */
async function useUntil(toMs: number, token: string): Promise<string> {
  let current = token;
  for (; clock.nowMs < toMs; clock.nowMs = Math.min(toMs, clock.nowMs + 300 * DAY_MS))
    current = ((await call('POST', '/v1/me/token', current)).body as { token: string }).token;
  return current;
}

test('consents, receipts, requests, complaints and erasures are read until their time is over, and not until a sweep', async () => {
  const gone = await register();
  const { code } = (await call('POST', '/v1/me/erasure', gone, undefined, await prove(gone, 'erasure'))).body as never;
  await store.pool.query('update erasures set done_at = $1', [clock.nowMs]);
  const { ticket } = (await call('POST', '/v1/privacy/complaints', undefined, { text: 'it shows my street' }))
    .body as never;
  await store.pool.query(`update complaints set state = 'answered', ended_at = $1`, [clock.nowMs]);
  const application = await addTestApplication(store);
  const about = `/v1/me/consents/${application}/${PURPOSE}`;
  const first = await register();
  await call('PUT', about, first, { precision: 'precise', validForDays: 1 });
  const { receipt } = (await call('DELETE', about, first)).body as { receipt: string };
  const { receiptId } = JSON.parse(Buffer.from(receipt.split('.')[1], 'base64url').toString());
  const { request } = (await call('POST', '/v1/me/restrict', first)).body as { request?: { id: string } };
  const { requests } = (await call('GET', '/v1/me/requests', first)).body as { requests: { id: string }[] };
  const id = request?.id ?? requests[0].id;
  const endsAt = clock.nowMs + EVIDENCE_MS;

  const read = async (token: string) => ({
    consents: (await call('GET', '/v1/me/consents', token)).text.includes(application),
    state: ((await call('GET', about, token)).body as { consent: { state: string } }).consent.state,
    receipts: (await call('GET', '/v1/me/receipts', token)).text.includes(receiptId),
    receipt: (await call('GET', `/v1/me/receipts/${receiptId}`, token)).status,
    requests: (await call('GET', '/v1/me/requests', token)).text.includes(id),
    request: (await call('GET', `/v1/me/requests/${id}`, token)).status,
    complaint: (await call('GET', `/v1/privacy/complaints/${ticket}`)).status,
    dissatisfied: (await call('POST', `/v1/privacy/complaints/${ticket}/dissatisfied`)).status === 404,
    erasure: (await call('GET', `/v1/privacy/erasures/${code}`)).status,
  });
  const shown = { consents: true, receipts: true, receipt: 200, requests: true, request: 200 };
  let token = await useUntil(endsAt - 1, first);
  const others = { complaint: 200, erasure: 200 };
  const { dissatisfied, ...before } = await read(token);
  expect([dissatisfied, before]).toEqual([false, { ...shown, ...others, state: 'withdrawn' }]);
  await store.pool.query(`update complaints set state = 'answered', ended_at = $1`, [endsAt - EVIDENCE_MS]);
  token = await useUntil(endsAt, token);
  expect(await read(token)).toEqual({
    ...{ consents: false, receipts: false, receipt: 404, requests: false, request: 404 },
    ...{ complaint: 404, erasure: 404, dissatisfied: true, state: 'silence' },
  });
});
