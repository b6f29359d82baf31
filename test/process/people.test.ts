// What people do about their locations, on a gateway as `npm start` runs it: two threads, one store, a process of its own.
import { compactVerify, createRemoteJWKSet } from 'jose';
import { expect, test } from 'vitest';
import { openStore } from '../../src/storage/open.ts';
import { envOf, startGateway } from '../support/gateway.ts';
import { addTestApplication } from '../support/people.ts';
import { startNode } from '../support/process.ts';
import { testStoreConfig } from '../support/store.ts';

test('a person registers, says yes, checks the receipt and takes it back, whichever thread answers', async () => {
  const config = await testStoreConfig();
  const running = await startGateway(config);
  const added = startNode(
    ['src/cli/honeyguide.ts', 'keys', 'add', '--class', 'device', '--name', 'phones', '--json'],
    envOf(config),
  );
  const { key } = JSON.parse(await added.line()) as { key: string };
  const store = await openStore(config);
  const application = await addTestApplication(store);
  await store.close();

  const call = async (method: string, path: string, token: string, body?: object) => {
    const answer = await fetch(`${running.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        connection: 'close',
        ...(body && { 'content-type': 'application/json' }),
      },
      body: body && JSON.stringify(body),
    });
    return { status: answer.status, body: (await answer.json()) as Record<string, string> };
  };
  let registered = await call('POST', '/v1/devices', key, { ageBand: '18plus' });
  for (const end = Date.now() + 5_000; registered.status === 401 && Date.now() < end; )
    registered = await call('POST', '/v1/devices', key, { ageBand: '18plus' });
  expect(registered.status).toBe(201);
  const { token } = registered.body;
  const url = `/v1/me/consents/${application}/dpv:ServiceProvision`;
  for (let round = 0; round < 3; round++) {
    const given = await call('PUT', url, token, { precision: 'precise' });
    expect(given.body).toMatchObject({ consent: { shows: 'precise', policyVersion: '2017-06-30' } });
    const { payload } = await compactVerify(
      given.body.receipt,
      createRemoteJWKSet(new URL(`${running.url}/.well-known/jwks.json`)),
    );
    expect(JSON.parse(Buffer.from(payload).toString())).toMatchObject({ consent: { application } });
    expect((await call('GET', url, token)).body).toMatchObject({ consent: { shows: 'precise' } });
    expect((await call('DELETE', url, token)).status).toBe(200);
    expect((await call('GET', url, token)).body).toMatchObject({ consent: { shows: 'region', state: 'withdrawn' } });
  }
  expect((await call('GET', '/v1/policies/current', '')).body).toMatchObject({ version: '2017-06-30', current: true });
}, 120_000);
