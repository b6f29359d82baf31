import { expect, test } from 'vitest';
import { answerChallenge } from '../../src/rights/proof.ts';
import { openStore } from '../../src/storage/open.ts';
import { envOf, startGateway } from '../support/gateway.ts';
import { startNode } from '../support/process.ts';
import { testStoreConfig } from '../support/store.ts';

test('a running gateway registers, exports and erases somebody, on whichever thread, and its jobs finish the erasure', async () => {
  const config = await testStoreConfig();
  // Before the gateway has the store for itself.
  const adding = startNode(
    ['src/cli/honeyguide.ts', 'keys', 'add', '--class', 'device', '--name', 'Maker', '--json'],
    envOf(config),
  );
  const { key } = JSON.parse(await adding.line());
  expect(await adding.ended).toBe(0);
  const gateway = await startGateway(config);
  // A connection each, so that both threads are asked.
  const call = async (
    method: string,
    path: string,
    token?: string,
    headers: Record<string, string> = {},
    sent?: object,
  ): Promise<{ status: number; body: Record<string, string> }> => {
    const answer = await fetch(gateway.url + path, {
      method,
      headers: {
        connection: 'close',
        ...(token && { authorization: `Bearer ${token}` }),
        ...(sent && { 'content-type': 'application/json' }),
        ...headers,
      },
      body: sent && JSON.stringify(sent),
    });
    const body = (await answer.json()) as Record<string, string>;
    // A machine that is busy with other tests: the gateway says so and asks to come again.
    return answer.status === 503 ? await call(method, path, token, headers, sent) : { status: answer.status, body };
  };
  const registered = await call(
    'POST',
    `/v1/devices?key=${key}`,
    undefined,
    {},
    { jurisdiction: 'NL', ageBand: '18plus' },
  );
  expect(registered.status).toBe(201);
  const { token, proofKey } = registered.body;
  for (let i = 0; i < 6; i++) {
    expect((await call('POST', '/v1/me/restrict', token)).body.state).toBe('done');
    expect((await call('GET', '/v1/me', token)).body.restricted).toBe(true);
  }
  const { device } = (await call('GET', '/v1/me/export', token)).body;
  const { nonce } = (await call('POST', '/v1/me/challenges', token, {}, { action: 'erasure' })).body;
  const answer = answerChallenge(Buffer.from(proofKey, 'base64url'), 'erasure', nonce);
  const begun = await call('POST', '/v1/me/erasure', token, { 'honeyguide-proof': `${nonce}.${answer}` });
  expect(begun.body.state).toBe('in progress');
  for (let i = 0; i < 6; i++) expect((await call('GET', '/v1/me', token)).status).toBe(401);
  let status = begun.body;
  while (status.state !== 'done') {
    await new Promise((resolve) => setTimeout(resolve, 300));
    status = (await call('GET', `/v1/privacy/erasures/${begun.body.code}`)).body;
  }
  gateway.child.process.kill('SIGTERM');
  await gateway.child.ended;
  const store = await openStore(config);
  const { rows } = await store.pool.query('select count(*)::int as n from devices where id = $1', [device]);
  expect(rows[0].n).toBe(0);
  await store.close();
}, 300_000);
