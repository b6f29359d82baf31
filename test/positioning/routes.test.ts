// What the look-up routes hand to an audience, which may decide later, when others have been located meanwhile.
import { expect, test } from 'vitest';
import { ALL_SOURCES, SOURCE } from '../../src/devices/device-contract.ts';
import { UNAVAILABLE } from '../../src/http/refusal.ts';
import type { Audience } from '../../src/positioning/audience.ts';
import type { Estimate, Locator } from '../../src/positioning/locator.ts';
import { createTestApp, DEVICE_KEY, PARTNER_KEY } from '../support/app.ts';

/** As the real one has it: a single answer, written anew for each; as far north as access points are heard. */
function createLocator(): Locator {
  const answer: { -readonly [field in keyof Estimate]: Estimate[field] } = {
    ...{ lat: 0, lon: 0, accuracyM: 10, fallback: '', source: 'wifi', sources: 4 },
  };
  return {
    locate(readings) {
      answer.lat = readings.wifi.count;
      return answer;
    },
    country: ({ wifi }) => (wifi.count === 0 ? null : { code: 'DE', name: 'Germany', fallback: '' }),
  };
}
const hears = (count: number) => ({
  wifiAccessPoints: Array.from({ length: count }, (_, i) => ({ macAddress: `00:25:9c:00:00:0${i}` })),
});

async function open(audience: Audience) {
  const { app } = await createTestApp({ audience, locator: createLocator() });
  return async (count: number, path = `geolocate?key=${PARTNER_KEY}`) => {
    const answer = await app.inject({ method: 'POST', url: `/v1/${path}`, payload: hears(count) });
    return { status: answer.statusCode, lat: answer.json().location?.lat, country: answer.json().country_code };
  };
}

test('who is located while another waits for the decision gets its own place, and the other keeps its own', async () => {
  let goOn = () => {};
  const held = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const ask = await open(async ({ locate }) => {
    const found = locate(ALL_SOURCES);
    if (found?.lat === 2) await held;
    else goOn();
    return found;
  });
  expect(await Promise.all([ask(2), ask(5)])).toMatchObject([{ lat: 2 }, { lat: 5 }]);
});

test('what an audience located by less it may locate by more, and the other way round', async () => {
  const found: (number | undefined)[] = [];
  const ask = await open(({ locate }) => {
    for (const sources of [SOURCE.cell, ALL_SOURCES, SOURCE.cell, ALL_SOURCES]) found.push(locate(sources)?.lat);
    return null;
  });
  expect(await ask(3)).toMatchObject({ status: 404 });
  expect(found).toEqual([0, 3, 0, 3]);
});

test.each([
  ['geolocate', `geolocate?key=${DEVICE_KEY}&device=hgt_x`],
  ['country', `country?key=${DEVICE_KEY}&device=hgt_x`],
])('a refusal is one at %s too, whatever was found before it', async (_route, path) => {
  const refuse: Audience = ({ locate }) => {
    locate(ALL_SOURCES);
    return UNAVAILABLE;
  };
  for (const audience of [refuse, async (question: Parameters<Audience>[0]) => refuse(question)])
    expect(await (await open(audience))(3, path)).toEqual({ status: 503, lat: undefined, country: undefined });
});
