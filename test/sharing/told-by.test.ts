// By what somebody was placed, and who was told (S8): what the phone's own answer says when its user asks, and what the person
// reads later of positions that others were shown. Two gateways on one store: one takes what people say, the other locates.
import { beforeAll, describe, expect, test } from 'vitest';
import { SOURCE } from '../../src/devices/device-contract.ts';
import { foundBy, geolocatedBy, geolocatedSources } from '../../src/devices/source-words-contract.ts';
import { settleEverywhere } from '../../src/disclosures/settle.ts';
import type { Locator } from '../../src/positioning/locator.ts';
import { createTestPeople } from '../support/people.ts';
import { addDeviceKey, addPartner, LEDGER_KEY, MASTERS, openSharingGateway, PURPOSE } from '../support/sharing.ts';
import { openTestStore } from '../support/store.ts';

/** Places a phone where its fix is; one that is sent with an access point is fused of both. */
const fusing: Locator = {
  locate({ fix, wifi }) {
    if (!fix.present) return null;
    const found = { lat: fix.lat, lon: fix.lon, accuracyM: fix.accuracyM, fallback: '' } as const;
    return wifi.count === 0
      ? { ...found, source: 'gps', sources: SOURCE.gps }
      : { ...found, source: 'fused', sources: SOURCE.gps | SOURCE.wifi };
  },
  country: () => null,
};
const store = await openTestStore();
const asked = await openSharingGateway(store, { locator: fusing });
const settle = (seq: number) => settleEverywhere(store.pool, seq, () => performance.now());
const people = await createTestPeople(store, { masters: MASTERS, ledgerKey: LEDGER_KEY, settle });
const { key, application } = await addPartner(store, 'Navi');
const deviceKey = await addDeviceKey(store);
const GPS = { position: { latitude: 52.09, longitude: 5.12, accuracy: 20 } };
const BOTH = { ...GPS, wifiAccessPoints: [{ macAddress: '00:11:22:33:44:55' }] };

beforeAll(async () => {
  await asked.followKeys();
  people.clock.nowMs = asked.clock.nowMs;
});

describe('a phone’s own answer', () => {
  test('says by what it was found and who was told, in the language it asks for', async () => {
    const device = await people.register();
    const english = (await asked.ask({ key: deviceKey, device, explain: 'en' }, BOTH)).json();
    expect(english).toMatchObject({ sources: ['gps', 'wifi'] });
    expect(english.inWords).toBe(
      'Found by your phone’s GPS and Wi-Fi access points nearby. Only you were told; who was shown something before is in /v1/me/disclosures.',
    );
    const dutch = await asked.ask({ key: deviceKey, device, explain: 'nl' }, GPS);
    expect(dutch.json()).toMatchObject({ sources: ['gps'], accuracy: 20 });
    expect(dutch.json().inWords).toBe(
      'Gevonden met de GPS van je telefoon. Alleen jij kreeg dit te horen; wie eerder iets zag staat in /v1/me/disclosures.',
    );
    // Clients that are old read bytes.
    for (const byte of dutch.rawPayload) expect(byte).toBeLessThan(128);
  });

  test('is what it always was for whoever does not ask, asks for another language, or does not say who it is', async () => {
    const device = await people.register();
    const plain = await asked.ask({ key: deviceKey }, BOTH);
    expect(Object.keys(plain.json())).toEqual(['location', 'accuracy']);
    const queries: Record<string, string>[] = [
      { device },
      { device, explain: 'fr' },
      { device, explain: '' },
      { explain: 'en' },
    ];
    for (const query of queries)
      expect((await asked.ask({ key: deviceKey, ...query }, BOTH)).payload).toBe(plain.payload);
    expect((await asked.ask({ key, device, explain: 'en' }, BOTH)).payload).not.toMatch(/inWords|sources/);
    const nowhere = await asked.ask({ key: deviceKey, device, explain: 'en' }, {});
    expect([nowhere.statusCode, nowhere.payload]).toEqual([
      404,
      (await asked.ask({ key: deviceKey, device }, {})).payload,
    ]);
  });
});

test('a position that somebody was shown is told with what it was found by, in English and Dutch, and no place', async () => {
  const token = await people.register();
  const consent = `/v1/me/consents/${application}/${PURPOSE}`;
  await people.call('PUT', consent, token, { precision: 'precise' });
  await asked.ask({ key, device: token }, GPS);
  await asked.ask({ key, device: token }, BOTH);
  // Only what the grant lets be used is used, and said.
  await people.call('PUT', consent, token, { precision: 'precise', sources: { wifi: false } });
  await asked.ask({ key, device: token }, BOTH);
  const read = async (language: string) =>
    (await people.call('GET', `/v1/me/disclosures?language=${language}`, token)).body as {
      disclosures: { sources: string[] | null; inWords: string; what: string }[];
    };
  const english = (await read('en')).disclosures.filter((one) => one.what === 'precise');
  expect(english.map((one) => one.sources)).toEqual([['gps'], ['gps', 'wifi'], ['gps']]);
  expect(english[1].inWords).toBe(
    'Navi saw where exactly you were, because you agreed (found by your phone’s GPS and Wi-Fi access points nearby).',
  );
  const { disclosures } = await read('nl');
  expect(disclosures[0].inWords).toBe(
    'Navi zag waar je precies was, omdat je dat goed vond (gevonden met de GPS van je telefoon).',
  );
  expect(JSON.stringify([english, disclosures])).not.toMatch(/52\.0|5\.12/);
});

test('what the ledger says of sources is read back as it was, and from rows that say nothing nothing', () => {
  for (let mask = 0; mask < 32; mask++) expect(geolocatedSources(geolocatedBy(mask))).toBe(mask);
  for (const detail of [null, '', 'geolocate', 'geolocate by radar', 'silence', 'handed over gps'])
    expect(geolocatedSources(detail)).toBe(0);
  expect(foundBy(0, 'en')).toBe('');
  expect(foundBy(SOURCE.ip | SOURCE.cell | SOURCE.bluetooth, 'en')).toBe(
    'found by mobile phone masts nearby, Bluetooth beacons nearby and your internet address',
  );
});
