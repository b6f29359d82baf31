// Counts from a phone's look-up to a partner's page, through a running gateway: only the passing of a day is skipped, by
// publishing beside it what is not due yet.
import { randomBytes, randomInt } from 'node:crypto';
import { cellToLatLng, latLngToCell } from 'h3-js';
import { expect, test } from 'vitest';
import { addKey } from '../../src/partners/store.ts';
import { RELEASE_DELAY_MS, WINDOW_MS } from '../../src/privacy/count-rule.ts';
import { keyOfCell } from '../../src/privacy/region-key.ts';
import { releaseDueWindows } from '../../src/sharing/counts/release-store.ts';
import { openStore } from '../../src/storage/open.ts';
import { startGateway } from '../support/gateway.ts';
import { afterFile, testStoreConfig } from '../support/store.ts';

/** The middle of a region, where no phone's own band reaches the edge. */
const [latitude, longitude] = cellToLatLng(latLngToCell(52.09, 5.12, 7));

test('phones that were shown to partners are counted once, and read by partners a day later', async () => {
  const config = await testStoreConfig();
  const running = await startGateway(config);
  const store = await openStore(config);
  afterFile(() => store.close());
  const key = (keyClass: 'device' | 'partner') =>
    addKey(store, { class: keyClass, name: 'x', dailyQuota: null, perMinute: null }, randomBytes, Date.now());
  const [device, partner, second] = [await key('device'), await key('partner'), await key('partner')];
  const regions = `${running.url}/v1/partner/regions`;
  const ask = (presented: string) => fetch(regions, { headers: { authorization: `Bearer ${presented}` } });
  await expect.poll(async () => (await ask(second.key)).status, { timeout: 20_000 }).toBe(200);
  expect(await (await ask(partner.key)).json()).toMatchObject({ regions: [], latest: null });

  async function register(): Promise<string> {
    const answer = await fetch(`${running.url}/v1/devices`, {
      method: 'POST',
      headers: { authorization: `Bearer ${device.key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ jurisdiction: 'NL', ageBand: '18plus' }),
    });
    expect(answer.status).toBe(201);
    return ((await answer.json()) as { token: string }).token;
  }
  const tokens = await Promise.all(Array.from({ length: 90 }, register));
  async function locate(presented: string, token: string | null): Promise<string> {
    const device = token === null ? '' : `&device=${token}`;
    const body = JSON.stringify({ position: { latitude, longitude, accuracy: 20 } });
    const answer = await fetch(`${running.url}/v1/geolocate?key=${presented}${device}`, { method: 'POST', body });
    expect(answer.status).toBe(200);
    return ((await answer.json()) as { region: string }).region;
  }
  // Two partners ask about every phone; that makes nobody two. A look-up without a token counts for nobody.
  const asked = tokens.flatMap((token) => [partner, second].map((one) => locate(one.key, token)));
  const told = new Set(await Promise.all(asked));
  await locate(partner.key, null);
  expect(told.size).toBe(1);
  const [region] = told;
  const visits = async () => (await store.pool.query('select count(distinct tag)::int as n from visits')).rows[0].n;
  await expect.poll(visits, { timeout: 20_000 }).toBe(90);
  const { rows } = await store.pool.query('select distinct region from visits');
  expect(rows).toEqual([{ region: keyOfCell(region) }]);

  const later = Date.now() + WINDOW_MS + RELEASE_DELAY_MS;
  const how = { pool: store.pool, randomBelow: (n: number) => randomInt(n), mapVersion: 'x', epsilonCap: 30 };
  await releaseDueWindows(how, later);
  expect(await visits()).toBe(0);
  const page = (await (await ask(partner.key)).json()) as { regions: { region: string; count: number }[] };
  const other = await (await ask(second.key)).json();
  expect(other).toEqual(page);
  // 90 devices and noise of deviation 5.6: under the threshold of 73 about once in 100, above 150 never.
  for (const one of page.regions) {
    expect(one.region).toBe(region);
    expect(one.count).toBeGreaterThanOrEqual(73);
    expect(one.count).toBeLessThan(150);
  }
  expect(page.regions.length).toBeLessThanOrEqual(1);
});
