import { cellToLatLng } from 'h3-js';
import { describe, expect, test } from 'vitest';
import { ALL_SOURCES, SOURCE } from '../../src/devices/device-contract.ts';
import { KIND } from '../../src/disclosures/entry.ts';
import { TICK_MS } from '../../src/privacy/coarse-state.ts';
import { cellOfKey, keyOfCell, parentKey } from '../../src/privacy/region-key.ts';
import { verify } from '../disclosures/ledger.ts';
import {
  addDevice,
  addDeviceKey,
  addPartner,
  at,
  H3_CELL,
  LAT,
  LON,
  MAP,
  openSharingGateway,
  PURPOSE,
  setGrant,
} from '../support/sharing.ts';
import { openTestStore } from '../support/store.ts';

const REGION = keyOfCell(H3_CELL);
const NOTHING = { status: 404 };

const store = await openTestStore();
const gateway = await openSharingGateway(store, { map: MAP });
const { clock, inChain, ask } = gateway;
await store.pool.query(
  `insert into policies (version, effective_at, published_at, material, widens) values ('2017-06-30', 1, 1, false, '{}')`,
);
const { key, application } = await addPartner(store, 'Bus Times');
const other = await addPartner(store, 'Weather');
const deviceKey = await addDeviceKey(store);
await gateway.followKeys();
const register = (profile = {}) => addDevice(inChain, clock.nowMs, profile);

async function rows(kind: number, name = application): Promise<number> {
  const found = await store.pool.query('select count(*)::int as n from ledger where kind = $1 and application = $2', [
    kind,
    name,
  ]);
  return found.rows[0].n;
}
function told(answer: Awaited<ReturnType<typeof ask>>) {
  return answer.statusCode === 200 ? answer.json() : { status: answer.statusCode };
}

test('a device whose record is damaged is told nothing, and those asked about in the same moment are told as ever', async () => {
  const [damaged, ...others] = await Promise.all(Array.from({ length: 6 }, () => register()));
  await store.pool.query(`update devices set sealed = decode(repeat('00', length(sealed)), 'hex') where id = $1`, [
    damaged.id,
  ]);
  const asking = (by: string) =>
    Promise.all([damaged, ...others].map(({ token }) => ask({ key: by, device: token }, at())));
  expect((await asking(key)).map((answer) => answer.statusCode)).toEqual([404, 200, 200, 200, 200, 200]);
  expect((await asking(deviceKey)).map((answer) => answer.statusCode)).toEqual([503, 200, 200, 200, 200, 200]);
  expect(gateway.logged.splice(0)).toHaveLength(1);
});

test.each([
  ['phones that ask for themselves', () => deviceKey, false],
  ['partners with a yes', () => key, true],
])('%s at the same moment are each told their own place', async (_who, by, isPrecise) => {
  const phones = await Promise.all(Array.from({ length: 30 }, () => register()));
  if (isPrecise) for (const phone of phones) await setGrant(inChain, phone, application, clock.nowMs);
  const answers = await Promise.all(
    phones.map(({ token }, i) => ask({ key: by(), device: token }, at(LAT + i / 1_000, LON - i / 1_000))),
  );
  expect(answers.map((answer) => answer.json().location)).toEqual(
    phones.map((_, i) => ({ lat: expect.closeTo(LAT + i / 1_000, 5), lng: expect.closeTo(LON - i / 1_000, 5) })),
  );
});

test('two recipients that ask about one phone at the same moment are told one region, wherever each says that it is', async () => {
  const [one, two] = [await addPartner(store, 'Games'), await addPartner(store, 'News')];
  await gateway.followKeys();
  for (let n = 0; n < 8; n++) {
    const { token } = await register();
    const both = await Promise.all([
      ask({ key: one.key, device: token }, at(LAT, LON)),
      ask({ key: two.key, device: token }, at(LAT + 3, LON - 3)),
    ]);
    expect(told(both[0])).toEqual(told(both[1]));
  }
});

test('a child is spoken for by its own parent, not by another child’s', async () => {
  const [spokenFor, alone] = [await register({ ageBand: 'under13' }), await register({ ageBand: 'under13' })];
  await inChain(async (client, chain) => {
    await client.query(
      `insert into parental_consents (id, device, at, method, precise, sealed)
       values (gen_random_uuid(), $1, $2, 'signed-form', false, '')`,
      [spokenFor.id, clock.nowMs],
    );
    chain.append({ at: clock.nowMs, kind: KIND.rights });
    chain.changed(spokenFor.id);
  });
  const answers = [];
  for (const { token } of [alone, spokenFor]) answers.push((await ask({ key, device: token }, at())).statusCode);
  expect(answers).toEqual([404, 200]);
});

test('a phone whose name is mangled, or two, is one that nobody knows, not one without switches', async () => {
  const { token } = await register();
  const url = (devices: string[]) =>
    `/v1/geolocate?key=${deviceKey}${devices.map((text) => `&device=${encodeURIComponent(text)}`).join('')}`;
  const asked = async (devices: string[], bearer?: string) => {
    const headers = bearer === undefined ? {} : { authorization: bearer };
    const answer = await gateway.app.inject({ method: 'POST', url: url(devices), payload: at(), headers });
    return answer.statusCode;
  };
  for (const devices of [[token], [token, token], ['', token], []]) expect(await asked(devices)).toBe(200);
  expect(await asked([], `Bearer  ${token}`)).toBe(200);
  expect(await asked([], 'Bearer somebody-elses')).toBe(200);
  const mangled = [
    [`${token} `],
    [`${token}\n`],
    [token.slice(0, -1)],
    ['x'],
    [token, 'x'],
    [token, token.toUpperCase()],
  ];
  for (const devices of mangled) expect(await asked(devices, `Bearer ${token}`)).toBe(404);
  expect(await asked([], `Bearer ${token.slice(0, -1)}`)).toBe(404);
  for (const header of [token, `Token ${token}`, `Bearer "${token}"`]) expect(await asked([], header)).toBe(404);
});

describe('a device that has granted nothing', () => {
  test('is told as its region, with nothing that was not in the map', async () => {
    const { token } = await register();
    const answer = await ask({ key, device: token }, at());
    expect(answer.json()).toEqual({
      location: { lat: expect.closeTo(LAT, 5), lng: expect.closeTo(LON, 5) },
      accuracy: expect.any(Number),
      precision: 'region',
      region: H3_CELL,
      bucket: '2026-11-22T12:00:00.000Z',
      mapVersion: 'test-map',
    });
    expect(answer.json().accuracy).toBeGreaterThanOrEqual(2_000);
  });

  test('is told the same within a tick wherever it goes, and costs one row of the ledger', async () => {
    const { token } = await register();
    const before = await rows(KIND.region);
    const first = await ask({ key, device: token }, at());
    for (const body of [at(40, -3), {}, at(LAT, LON, 9_000)]) {
      const again = await ask({ key, device: token }, body);
      expect(again.rawPayload).toEqual(first.rawPayload);
    }
    expect(await rows(KIND.region)).toBe(before + 1);
    const { rows: said } = await store.pool.query(
      'select basis, precision, policy_version, event_seq, tick from ledger where kind = $1 order by seq desc limit 1',
      [KIND.region],
    );
    const tick = Math.floor(clock.nowMs / TICK_MS);
    expect(said).toEqual([{ basis: 'anonymous', precision: 1, policy_version: '2017-06-30', event_seq: null, tick }]);
  });

  test('is in one region for every partner, whoever asks first in a tick', async () => {
    const { token } = await register();
    const first = await ask({ key, device: token }, at());
    const second = await ask({ key: other.key, device: token }, at(40, -3));
    expect(second.payload).toBe(first.payload);
    expect(await rows(KIND.region, other.application)).toBe(1);
  });

  test('is told nothing where it is not located, and what the next request says after that', async () => {
    const { token } = await register();
    expect(told(await ask({ key, device: token }, {}))).toEqual(NOTHING);
    expect(told(await ask({ key, device: token }, at(LAT, LON, 20_000)))).toEqual(NOTHING);
    expect(told(await ask({ key, device: token }, at()))).toMatchObject({ region: H3_CELL });
  });

  test('has the outline of its region told to who wants it', async () => {
    const { token } = await register();
    expect(told(await ask({ key, device: token, polygon: '1' }, at())).polygon).toHaveLength(7);
    expect(told(await ask({ key, device: token }, at())).polygon).toBeUndefined();
  });

  test('is located by what its user left on', async () => {
    const { token } = await register({ sources: 30 });
    expect(told(await ask({ key, device: token }, at()))).toEqual(NOTHING);
    expect((await ask({ key: deviceKey, device: token }, at())).statusCode).toBe(404);
  });

  test("is told its own place by a phone's key, by what its user left on, and from memory the second time", async () => {
    const { id, token } = await register();
    for (let i = 0; i < 2; i++)
      expect((await ask({ key: deviceKey, device: token }, at())).json()).toEqual({
        location: { lat: expect.closeTo(LAT, 5), lng: expect.closeTo(LON, 5) },
        accuracy: 20,
      });
    await store.pool.query('delete from device_tokens where device = $1', [id]);
    expect((await ask({ key: deviceKey, device: token }, at())).statusCode).toBe(200);
    await inChain(async (_client, chain) => {
      chain.append({ at: clock.nowMs, kind: KIND.device, detail: 'tokensEnded' });
      chain.changed(id);
    });
    expect((await ask({ key: deviceKey, device: token }, at())).statusCode).toBe(404);
  });

  test('moves to another region in a later tick only', async () => {
    const { token } = await register();
    await ask({ key, device: token }, at());
    clock.nowMs += TICK_MS;
    const [lat, lon] = cellToLatLng(cellOfKey(parentKey(REGION, 3)));
    const moved = told(await ask({ key, device: token }, at(lat, lon)));
    expect(moved.precision).toBe('region');
    expect([3, 4, 5, 6].map((res) => cellOfKey(parentKey(REGION, res)))).toContain(moved.region);
  });
});

describe('a device that granted precise', () => {
  test('is told as it is, each time with a row, and as its region to everybody else', async () => {
    const device = await register();
    await ask({ key, device: device.token }, at());
    await setGrant(inChain, device, application, clock.nowMs);
    const before = await rows(KIND.precise);
    for (let i = 0; i < 3; i++)
      expect(told(await ask({ key, device: device.token }, at()))).toEqual({
        location: { lat: expect.closeTo(LAT, 5), lng: expect.closeTo(LON, 5) },
        accuracy: 20,
        precision: 'precise',
        source: 'gps',
        timestamp: new Date(clock.nowMs).toISOString(),
      });
    expect(await rows(KIND.precise)).toBe(before + 3);
    expect(told(await ask({ key: other.key, device: device.token }, at()))).toMatchObject({ precision: 'region' });
  });

  test.each([
    ['withdrawn', 'region'],
    ['expired', 'region'],
    ['refused', undefined],
    ['objected', undefined],
  ])('and is %s is told precision %s at once', async (state, precision) => {
    const device = await register();
    await setGrant(inChain, device, application, clock.nowMs);
    expect(told(await ask({ key, device: device.token }, at())).precision).toBe('precise');
    await setGrant(inChain, device, application, clock.nowMs, { state });
    expect(told(await ask({ key, device: device.token }, at())).precision).toBe(precision);
  });

  test('is told by the sources of the grant and of its switches only', async () => {
    const device = await register();
    await setGrant(inChain, device, application, clock.nowMs, { sources: 30 });
    expect(told(await ask({ key, device: device.token }, at()))).toEqual(NOTHING);
  });

  test('has its last place kept while the grant says so, sealed, and gone with the withdrawal', async () => {
    const device = await register();
    const kept = async () =>
      (await store.pool.query('select sealed from last_locations where device = $1', [device.id])).rows;
    await setGrant(inChain, device, application, clock.nowMs);
    await ask({ key, device: device.token }, at());
    expect(await kept()).toEqual([]);
    for (const end of [{ scopes: ['geolocate'] }, { state: 'withdrawn' }]) {
      await setGrant(inChain, device, application, clock.nowMs, { scopes: ['geolocate', 'last-location'] });
      await ask({ key, device: device.token }, at());
      const [row] = await kept();
      expect(row.sealed.toString('latin1')).not.toContain('lat');
      await setGrant(inChain, device, application, clock.nowMs, end);
      expect(await kept()).toEqual([]);
    }
  });
});

describe('the last place', () => {
  const nowhere = {};

  test('is told, with its time and a row, to who was granted it and asks without anything to locate by', async () => {
    const device = await register();
    await setGrant(inChain, device, application, clock.nowMs, { scopes: ['geolocate', 'last-location'] });
    expect(told(await ask({ key, device: device.token }, nowhere))).toEqual(NOTHING);
    const found = told(await ask({ key, device: device.token }, at()));
    const before = await rows(KIND.precise);
    const foundMs = clock.nowMs;
    clock.nowMs += 60 * 60_000;
    const last = told(await ask({ key, device: device.token }, nowhere));
    expect(last).toEqual({ ...found, timestamp: new Date(foundMs).toISOString() });
    expect(await rows(KIND.precise)).toBe(before + 1);
    // Who was granted a place but not the last one is told nothing.
    await setGrant(inChain, device, other.application, clock.nowMs);
    expect(told(await ask({ key: other.key, device: device.token }, nowhere))).toEqual(NOTHING);
    clock.nowMs = foundMs + 24 * 60 * 60_000;
    expect(told(await ask({ key, device: device.token }, nowhere))).toEqual(NOTHING);
    clock.nowMs = foundMs;
  });

  test('is told to nobody who had no yes when it was found, whoever else had, before or since', async () => {
    const scopes = ['geolocate', 'last-location'];
    const device = await register();
    await setGrant(inChain, device, other.application, clock.nowMs, { scopes });
    expect(told(await ask({ key: other.key, device: device.token }, at())).precision).toBe('precise');
    const foundMs = clock.nowMs;
    clock.nowMs += 60_000;
    await setGrant(inChain, device, application, clock.nowMs, { scopes });
    expect(told(await ask({ key, device: device.token }, nowhere))).toEqual(NOTHING);
    expect(told(await ask({ key: other.key, device: device.token }, nowhere)).precision).toBe('precise');
    expect(told(await ask({ key, device: device.token }, at())).precision).toBe('precise');
    expect(told(await ask({ key, device: device.token }, nowhere)).precision).toBe('precise');
    clock.nowMs = foundMs;
  });

  test('that is damaged is told to nobody, and fails nobody else’s request', async () => {
    const [damaged, good] = [await register(), await register()];
    const scopes = ['geolocate', 'last-location'];
    for (const device of [damaged, good]) {
      await setGrant(inChain, device, application, clock.nowMs, { scopes });
      await ask({ key, device: device.token }, at());
    }
    await store.pool.query(
      `update last_locations set sealed = decode(repeat('00', length(sealed)), 'hex') where device = $1`,
      [damaged.id],
    );
    const answers = await Promise.all([damaged, good].map(({ token }) => ask({ key, device: token }, nowhere)));
    expect(answers.map((answer) => answer.statusCode)).toEqual([404, 200]);
    gateway.logged.splice(0);
  });

  test('is not told where it was found by a source that the asker was not granted, or that is off by now', async () => {
    const device = await register();
    const scopes = ['geolocate', 'last-location'];
    await setGrant(inChain, device, application, clock.nowMs, { scopes });
    await setGrant(inChain, device, other.application, clock.nowMs, { scopes, sources: ALL_SOURCES & ~SOURCE.gps });
    expect(told(await ask({ key, device: device.token }, at())).precision).toBe('precise');
    expect(told(await ask({ key: other.key, device: device.token }, nowhere))).toEqual(NOTHING);
    expect(told(await ask({ key, device: device.token }, nowhere)).precision).toBe('precise');
    await setGrant(inChain, device, application, clock.nowMs, { scopes, sources: ALL_SOURCES & ~SOURCE.gps });
    expect(told(await ask({ key, device: device.token }, nowhere))).toEqual(NOTHING);
  });
});

describe('who is told nothing', () => {
  test('is told so in the same bytes, whatever the reason', async () => {
    const child = await register({ ageBand: 'under13' });
    const refusing = await register();
    await setGrant(inChain, refusing, application, clock.nowMs, { state: 'refused', precision: 0 });
    const restricted = await register();
    await store.pool.query('update devices set flags = 1 where id = $1', [restricted.id]);
    const suppressed = await register();
    const unlocated = await register();
    const ended = await register();
    await store.pool.query('delete from device_tokens where device = $1', [ended.id]);
    const answers = await Promise.all([
      ask({ key, device: child.token }, at()),
      ask({ key, device: refusing.token }, at()),
      ask({ key, device: restricted.token }, at()),
      ask({ key, device: suppressed.token }, at(-50, -120)),
      ask({ key, device: unlocated.token }, {}),
      ask({ key, device: ended.token }, at()),
      ask({ key, device: 'junk' }, at()),
      ask({ key }, {}),
      ask({ key }, at(-50, -120)),
    ]);
    for (const answer of answers) {
      expect(answer.statusCode).toBe(404);
      expect(answer.rawPayload).toEqual(answers[0].rawPayload);
      expect({ ...answer.headers, date: '' }).toEqual({ ...answers[0].headers, date: '' });
      expect(Object.keys(answer.headers)).toEqual(Object.keys(answers[0].headers));
    }
    expect(answers[0].json().error).toMatchObject({ code: 404, message: 'Not found' });
  });

  test('is in use by being asked about all the same, like whoever is told something', async () => {
    const today = Math.floor(clock.nowMs / 86_400_000);
    const day = async (id: string) =>
      (await store.pool.query('select last_used_day as day from devices where id = $1', [id])).rows[0].day;
    for (const ageBand of ['under13', '18plus'] as const) {
      const { id, token } = await register({ ageBand });
      await store.pool.query('update devices set last_used_day = $2 where id = $1', [id, today - 5]);
      await ask({ key, device: token }, at());
      expect([ageBand, await day(id)]).toEqual([ageBand, today]);
    }
  });

  test('leaves a row once a tick if it is a device, and no track of asking on', async () => {
    const child = await register({ ageBand: 'under13' });
    const before = await rows(KIND.refused);
    for (let i = 0; i < 4; i++) await ask({ key, device: child.token }, at());
    expect(await rows(KIND.refused)).toBe(before + 1);
  });
});

describe('a request that names nobody', () => {
  test('is told a region one level coarser, by the place alone, and is only counted', async () => {
    const before = await store.pool.query('select count(*)::int as n from ledger');
    const answer = told(await ask({ key: other.key }, at()));
    expect(answer).toMatchObject({ precision: 'region', region: cellOfKey(parentKey(REGION, 6)) });
    expect(told(await ask({ key: other.key }, at(LAT, LON, 5_000))).region).toBe(cellOfKey(parentKey(REGION, 4)));
    expect((await ask({ key: other.key })).statusCode).toBe(404);
    expect((await store.pool.query('select count(*)::int as n from ledger')).rows).toEqual(before.rows);
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    const counted = await store.pool.query(
      'select outcome, sum(count)::int as n from disclosure_counts where application = $1 group by 1 order by 2',
      [other.application],
    );
    expect(counted.rows).toEqual([
      { outcome: KIND.refused, n: 1 },
      { outcome: KIND.region, n: 2 },
    ]);
  });

  test("with a purpose that is not the application's is refused, and that is noted", async () => {
    const answer = await ask({ key: other.key, purpose: 'dpv:DirectMarketing' }, at());
    expect(answer.statusCode).toBe(403);
    expect((await ask({ key: other.key, purpose: PURPOSE }, at())).statusCode).toBe(200);
    await expect.poll(() => rows(KIND.refused, other.application)).toBe(1);
  });
});

test('a suspended application is told nothing from the acknowledgement on, named or not', async () => {
  const { token } = await register();
  const third = await addPartner(store, 'Shop');
  await gateway.followKeys();
  expect((await ask({ key: third.key, device: token }, at())).statusCode).toBe(200);
  expect((await ask({ key: third.key }, at())).statusCode).toBe(200);
  await inChain(async (client, chain) => {
    await client.query('update applications set suspended_at = 1 where id = $1', [third.application]);
    chain.append({ at: clock.nowMs, kind: KIND.staff, detail: 'suspended' });
    chain.changed(null);
  });
  expect((await ask({ key: third.key, device: token }, at())).statusCode).toBe(404);
  expect((await ask({ key: third.key }, at())).statusCode).toBe(404);
});

test('the ledger holds after all of this', async () => {
  expect((await verify(store.pool)).broken).toBeNull();
  expect(gateway.logged).toEqual([]);
});
