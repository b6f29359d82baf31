// By which tokens of a phone an application is told of it in notices: those it presented, seen over HTTP.
import { expect, test } from 'vitest';
import { hashToken } from '../../src/devices/token.ts';
import { insertPolicy } from '../../src/policy/store.ts';
import { FIRST_POLICY } from '../../src/process/first-policy.ts';
import { noticeHandle } from '../../src/rights/notice-handle.ts';
import { HOUR_MS } from '../../src/time/spans.ts';
import { addDevice, addPartner, HERE, LAT, LON, MAP, openSharingGateway, PURPOSE } from '../support/sharing.ts';
import { openTestStore } from '../support/store.ts';

const store = await openTestStore();
await insertPolicy(store.pool, FIRST_POLICY, FIRST_POLICY.effectiveAt);
const clock = { nowMs: Date.now() };
const gateway = await openSharingGateway(store, {
  clock,
  people: true,
  map: MAP,
});

test('two partners that held different tokens of one phone find nothing the same in their notices, precise or not', async () => {
  const [one, two] = [await addPartner(store, 'Bus Times'), await addPartner(store, 'Weather')];
  await gateway.followKeys();
  const first = (await addDevice(gateway.inChain, clock.nowMs)).token;
  expect((await gateway.ask({ key: one.key, device: first }, HERE)).statusCode).toBe(200);
  const second = (await gateway.call('POST', '/v1/me/token', first)).json().token as string;
  const url = `/v1/me/consents/${two.application}/${PURPOSE}`;
  const granted = await gateway.call('PUT', url, second, { precision: 'precise' });
  expect(granted.statusCode).toBe(200);
  clock.nowMs += 3 * HOUR_MS;
  const shown = [];
  for (let n = 0; n < 3; n++) shown.push(await gateway.ask({ key: two.key, device: second }, HERE));
  expect(shown.map(({ statusCode }) => statusCode)).toEqual([200, 200, 200]);
  expect(shown[2].json().location).toEqual({ lat: expect.closeTo(LAT, 4), lng: expect.closeTo(LON, 4) });
  expect((await gateway.call('POST', '/v1/me/restrict', second)).statusCode).toBe(200);
  clock.nowMs += 48 * HOUR_MS;
  const told = [];
  for (const { key } of [one, two]) {
    const answer = await gateway.app.inject({ url: `/v1/partner/notices?key=${key}` });
    told.push(answer.json().notices.map((notice: { handles: string[] }) => notice.handles));
  }
  const handle = (token: string) => noticeHandle(hashToken(token));
  expect(told).toEqual([[[handle(first)]], [[handle(second)]]]);
});

test('a notice names no token by which the application was told nothing', async () => {
  const { application, key } = await addPartner(store, 'Games');
  await gateway.followKeys();
  const first = (await addDevice(gateway.inChain, clock.nowMs)).token;
  const url = `/v1/me/consents/${application}/${PURPOSE}`;
  expect((await gateway.call('PUT', url, first, { precision: 'none' })).statusCode).toBe(200);
  expect((await gateway.ask({ key, device: first }, HERE)).statusCode).toBe(404);
  const second = (await gateway.call('POST', '/v1/me/token', first)).json().token as string;
  expect((await gateway.call('DELETE', url, second)).statusCode).toBe(200);
  expect((await gateway.ask({ key, device: second }, HERE)).statusCode).toBe(200);
  expect((await gateway.call('POST', '/v1/me/restrict', second)).statusCode).toBe(200);
  clock.nowMs += 48 * HOUR_MS;
  const { notices } = (await gateway.app.inject({ url: `/v1/partner/notices?key=${key}` })).json();
  expect(notices.map(({ handles }: { handles: string[] }) => handles)).toEqual([[noticeHandle(hashToken(second))]]);
});

test.each([
  ['withdrawn', 'precise'],
  ['restricted', 'region'],
] as const)(
  'a notice that something is %s names the token by which %s answers came, however many the phone made since',
  async (kind, precision) => {
    const { application, key } = await addPartner(store, `Navi ${kind}`);
    await gateway.followKeys();
    const { token } = await addDevice(gateway.inChain, clock.nowMs);
    const url = `/v1/me/consents/${application}/${PURPOSE}`;
    expect((await gateway.call('PUT', url, token, { precision })).statusCode).toBe(200);
    const mint = async () =>
      (await gateway.call('POST', '/v1/me/tokens', token, { application })).json().token as string;
    const presented = await mint();
    for (let n = 0; n < 2; n++)
      expect((await gateway.ask({ key, device: presented }, HERE)).json().precision ?? 'precise').toBe(precision);
    for (let n = 0; n < 8; n++) await mint();
    if (kind === 'withdrawn') await gateway.call('DELETE', url, token);
    else await gateway.call('POST', '/v1/me/restrict', token);
    clock.nowMs += 48 * HOUR_MS;
    const { notices } = (await gateway.app.inject({ url: `/v1/partner/notices?key=${key}` })).json();
    expect(notices.map((notice: { kind: string; handles: string[] }) => [notice.kind, notice.handles])).toEqual([
      [kind, [noticeHandle(hashToken(presented))]],
    ]);
  },
);
