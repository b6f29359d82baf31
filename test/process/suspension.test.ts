// A suspension by command, seen by a partner of a running gateway: nothing from the end of the command on, on any thread.
import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { addKey } from '../../src/partners/store.ts';
import { openStore } from '../../src/storage/open.ts';
import { runCommand } from '../support/command.ts';
import { envOf, startGateway } from '../support/gateway.ts';
import { afterFile, testStoreConfig } from '../support/store.ts';

test('a suspended application is told nothing by the very next request, and what it was told again once resumed', async () => {
  const config = await testStoreConfig();
  const running = await startGateway(config);
  const store = await openStore(config);
  afterFile(() => store.close());
  const add = (name: string) =>
    addKey(store, { class: 'partner', name, dailyQuota: null, perMinute: null }, randomBytes, Date.now());
  const [suspended, other] = [await add('Tally Ho'), await add('Weathervane')];
  const body = JSON.stringify({ position: { latitude: 52.09, longitude: 5.12, accuracy: 20 } });
  const ask = async (key: string) =>
    (await fetch(`${running.url}/v1/geolocate?key=${key}`, { method: 'POST', body })).status;
  const asks = (key: string) => Promise.all(Array.from({ length: 20 }, () => ask(key)));
  const reads = async (what: string, key: string) =>
    (await fetch(`${running.url}/v1/partner/${what}`, { headers: { authorization: `Bearer ${key}` } })).status;
  async function partners(...args: string[]): Promise<void> {
    const { exitCode, messages } = await runCommand(['partners', ...args], store, envOf(config));
    expect([messages, exitCode]).toEqual(['', 0]);
  }
  for (const { key } of [suspended, other]) await expect.poll(() => ask(key), { timeout: 20_000 }).toBe(200);

  // Both threads hold it warm, and answer from memory.
  expect(new Set(await asks(suspended.key))).toEqual(new Set([200]));
  for (const subject of [['tally-ho'], ['--application', 'tally-ho']]) {
    await partners('suspend', ...subject);
    expect(new Set(await asks(suspended.key))).toEqual(new Set([404]));
    expect(new Set(await asks(other.key))).toEqual(new Set([200]));
    // What it received before is to be forgotten as anybody's.
    expect([await reads('regions', suspended.key), await reads('notices', suspended.key)]).toEqual([403, 200]);
    await partners('resume', ...subject);
    expect(new Set(await asks(suspended.key))).toEqual(new Set([200]));
  }
});
