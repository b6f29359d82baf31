// A gateway as operators run it, from the first registration to the end by force: what a partner was told of a person's place
// is in the ledger, also when the process was killed while it answered.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { KIND } from '../../src/disclosures/entry.ts';
import { ledgerReader } from '../../src/disclosures/store.ts';
import { verifyLedger } from '../../src/disclosures/verify.ts';
import { openStore } from '../../src/storage/open.ts';
import { startGateway } from '../support/gateway.ts';
import { addDeviceKey, addPartner, PURPOSE } from '../support/sharing.ts';
import { afterFile, testStoreConfig } from '../support/store.ts';

const BODY = JSON.stringify({ position: { latitude: 52.0907, longitude: 5.1214, accuracy: 20 } });

test('a precise answer that was sent has its row, although the gateway was killed while it answered', async () => {
  const config = await testStoreConfig();
  const before = await openStore(config);
  const { key, application } = await addPartner(before, 'Bus Times');
  const phones = await addDeviceKey(before);
  await before.close();
  const gateway = await startGateway(config, [], { THREADS: '1' });
  const call = async (method: string, path: string, bearer: string, body: object) => {
    const headers = { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' };
    const answer = await fetch(gateway.url + path, { method, headers, body: JSON.stringify(body) });
    return { status: answer.status, body: (await answer.json()) as Record<string, string> };
  };
  const registered = await call('POST', '/v1/devices', phones, { ageBand: '18plus', jurisdiction: 'NL' });
  expect(registered.status).toBe(201);
  const { token } = registered.body;
  const ask = async (): Promise<string | undefined> => {
    const answer = await fetch(`${gateway.url}/v1/geolocate?key=${key}&device=${token}`, {
      method: 'POST',
      body: BODY,
    });
    return ((await answer.json()) as { precision?: string }).precision;
  };
  expect(await ask()).toBe('region');
  const consent = `/v1/me/consents/${application}/${PURPOSE}`;
  expect((await call('PUT', consent, token, { precision: 'precise' })).status).toBe(200);

  let told = 0;
  let isOver = false;
  const askers = Array.from({ length: 16 }, async () => {
    while (!isOver) if ((await ask().catch(() => undefined)) === 'precise') told++;
  });
  while (told < 50) await sleep(5);
  gateway.child.process.kill('SIGKILL');
  isOver = true;
  await gateway.child.ended;
  await Promise.all(askers);

  const store = await openStore(config);
  afterFile(() => store.close());
  const { rows } = await store.pool.query('select count(*)::int as n from ledger where kind = $1', [KIND.precise]);
  expect(rows[0].n).toBeGreaterThanOrEqual(told);
  const { ledgerKey } = JSON.parse(readFileSync(join(config.dataDir, 'secrets.json'), 'utf8')) as { ledgerKey: string };
  expect((await verifyLedger(ledgerReader(store.pool), Buffer.from(ledgerKey, 'hex'))).broken).toBeNull();
});
