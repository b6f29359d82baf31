// Tokens that a phone gives to applications, and what an application, or its vendor, can do with one that it should not.
import { cellToLatLng } from 'h3-js';
import { describe, expect, test } from 'vitest';
import { hashToken } from '../../src/devices/token.ts';
import { KIND } from '../../src/disclosures/entry.ts';
import { TICK_MS } from '../../src/privacy/coarse-state.ts';
import { cellOfKey, keyOfCell, parentKey } from '../../src/privacy/region-key.ts';
import { eraseDepsOf } from '../../src/process/rights.ts';
import { markChild } from '../../src/rights/children-store.ts';
import { noticeHandle } from '../../src/rights/notice-handle.ts';
import { answerChallenge, type ProofAction } from '../../src/rights/proof.ts';
import { findTraces } from '../../src/rights/traces-store.ts';
import { DAY_MS } from '../../src/time/spans.ts';
import {
  addDeviceKey,
  addPartner,
  at,
  H3_CELL,
  MAP,
  MASTERS,
  openSharingGateway,
  PURPOSE,
  setGrant,
} from '../support/sharing.ts';
import { openTestStore } from '../support/store.ts';

const REGION = keyOfCell(H3_CELL);
const UNKNOWN_DEVICE_TOKEN = `hgt_${'A'.repeat(43)}`;
const UNKNOWN_APPLICATION_TOKEN = `hga_${'A'.repeat(43)}`;

const store = await openTestStore();
const gateway = await openSharingGateway(store, {
  map: MAP,
  clock: { nowMs: Date.now() },
  people: true,
});
const { clock, ask, call, app } = gateway;
await store.pool.query(
  `insert into policies (version, effective_at, published_at, material, widens) values ('2017-06-30', 1, 1, false, '{}')`,
);
const weather = await addPartner(store, 'Weather');
const games = await addPartner(store, 'Games');
const deviceKey = await addDeviceKey(store);
const erasing = eraseDepsOf(
  { ...{ pool: store.pool, inChain: gateway.inChain, masters: MASTERS }, pseudonymKey: Buffer.alloc(32) },
  () => clock.nowMs,
);
await gateway.followKeys();

type Phone = { readonly id: string; readonly token: string; readonly proofKey: Buffer };
async function register(profile: object = { ageBand: '18plus', jurisdiction: 'NL' }): Promise<Phone> {
  const { token, proofKey } = (await call('POST', '/v1/devices', deviceKey, profile)).json();
  return { token, proofKey: Buffer.from(proofKey, 'base64url'), id: (await call('GET', '/v1/me', token)).json().id };
}
async function proof({ token, proofKey }: Phone, action: ProofAction): Promise<string> {
  const { nonce } = (await call('POST', '/v1/me/challenges', token, { action })).json();
  return `${nonce}.${answerChallenge(proofKey, action, nonce)}`;
}
type Minted = {
  readonly id: string;
  readonly token: string;
  readonly expiresAt: string;
  readonly oldTokenEndsAt: string;
};
async function mint(phone: Phone, application = weather.application, proven?: string): Promise<Minted> {
  const answer = await call('POST', '/v1/me/tokens', phone.token, { application }, proven);
  expect(answer.statusCode).toBe(201);
  return answer.json();
}
const consentUrl = (application: string) => `/v1/me/consents/${application}/${PURPOSE}`;
/** An answer as whoever compares answers sees it. */
const seen = (answer: Awaited<ReturnType<typeof ask>>) => ({
  status: answer.statusCode,
  body: answer.rawPayload.toString('latin1'),
  // The limit by address counts both.
  headers: { ...answer.headers, date: '', ratelimit: '' },
  names: Object.keys(answer.headers),
});
/** What is told of a device that nobody knows. */
const unknownHere = async (key = weather.key) => seen(await ask({ key, device: UNKNOWN_DEVICE_TOKEN }, at()));
const told = async (token: string, key = weather.key) => {
  const answer = await ask({ key, device: token }, at());
  return answer.statusCode === 200 ? answer.json().precision : answer.statusCode;
};

describe('the token of an application', () => {
  test('is the device towards it: one region for all, its rows, its consents', async () => {
    const phone = await register();
    const { token, expiresAt, oldTokenEndsAt } = await mint(phone);
    expect(token).toMatch(/^hga_[A-Za-z0-9_-]{43}$/);
    expect(Date.parse(expiresAt)).toBe(clock.nowMs + 90 * DAY_MS);
    expect(oldTokenEndsAt).toBeNull();
    const other = await ask({ key: games.key, device: phone.token }, at());
    const own = await ask({ key: weather.key, device: token }, at(40, -3));
    expect(own.json().region).toBe(H3_CELL);
    expect(own.rawPayload).toEqual(other.rawPayload);
    await setGrant(gateway.inChain, phone, weather.application, clock.nowMs);
    expect(await told(token)).toBe('precise');
    const { rows } = await store.pool.query(
      `select l.kind, count(distinct l.subject)::int as subjects, count(*)::int as n from ledger l
       where l.application = $1 and l.subject = (select subject from ledger where kind = 2 and application = $2 order by seq desc limit 1)
         and l.kind in (1, 2) group by 1 order by 1`,
      [weather.application, games.application],
    );
    expect(rows).toEqual([
      { kind: KIND.precise, subjects: 1, n: 1 },
      { kind: KIND.region, subjects: 1, n: 1 },
    ]);
    clock.nowMs += TICK_MS;
    const [lat, lon] = cellToLatLng(cellOfKey(parentKey(REGION, 3)));
    await setGrant(gateway.inChain, phone, weather.application, clock.nowMs, { state: 'withdrawn' });
    const moved = (await ask({ key: weather.key, device: token }, at(lat, lon))).json();
    expect((await ask({ key: games.key, device: phone.token }, at())).json()).toEqual(moved);
  });

  test('is taken as a bearer, too, as applications on phones send it', async () => {
    const { token } = await mint(await register());
    const url = `/v1/geolocate?key=${weather.key}`;
    const answer = await app.inject({
      ...{ method: 'POST', url, payload: at() },
      headers: { authorization: `Bearer ${token}` },
    });
    expect(answer.json().region).toBe(H3_CELL);
  });

  test('with any other key is as unknown, to the byte, and leaves no row', async () => {
    const phone = await register();
    const { token } = await mint(phone);
    await setGrant(gateway.inChain, phone, weather.application, clock.nowMs);
    await setGrant(gateway.inChain, phone, games.application, clock.nowMs);
    expect(await told(token)).toBe('precise');
    const before = await store.pool.query('select count(*)::int as n from ledger');
    for (const key of [games.key, deviceKey]) {
      const [wrong, unknown, neverMade] = await Promise.all([
        ask({ key, device: token }, at()),
        ask({ key, device: UNKNOWN_DEVICE_TOKEN }, at()),
        ask({ key, device: UNKNOWN_APPLICATION_TOKEN }, at()),
      ]);
      expect(unknown.statusCode).toBe(404);
      expect(seen(wrong)).toEqual(seen(unknown));
      expect(seen(neverMade)).toEqual(seen(unknown));
    }
    expect((await store.pool.query('select count(*)::int as n from ledger')).rows).toEqual(before.rows);
    // The same vendor's other application is another one.
    const sister = await addPartner(store, 'Weather Pro');
    await store.pool.query(
      'update applications set partner = (select partner from applications where id = $1) where id = $2',
      [weather.application, sister.application],
    );
    await gateway.followKeys();
    expect(seen(await ask({ key: sister.key, device: token }, at()))).toEqual(await unknownHere(sister.key));
  });

  test('opens nothing of a person’s own routes, nor any other, where a device’s or a partner’s credential belongs', async () => {
    const phone = await register();
    const { token, id } = await mint(phone);
    const { paths } = (app as unknown as { swagger(): { paths: Record<string, object> } }).swagger();
    const routes = Object.entries(paths)
      .flatMap(([path, methods]) => Object.keys(methods).map((method) => [method.toUpperCase(), path] as const))
      .filter(([, path]) => /^\/v1\/(me|devices|partner)\b/.test(path));
    expect(routes.length).toBeGreaterThan(25);
    for (const [method, path] of routes) {
      const url = path
        .replace('{application}', weather.application)
        .replace('{purpose}', PURPOSE)
        .replaceAll(/\{id\}/g, id);
      const body = ['GET', 'DELETE'].includes(method) ? undefined : { precision: 'precise', application: 'games' };
      const wrong = await call(method, url, token, body);
      expect([method, url, wrong.statusCode]).toEqual([method, url, 401]);
      expect(seen(wrong)).toEqual(seen(await call(method, url, UNKNOWN_DEVICE_TOKEN, body)));
    }
    expect((await call('GET', '/v1/me/consents', phone.token)).json()).toEqual({ consents: [] });
    expect((await call('GET', '/v1/me/tokens', phone.token)).json().tokens).toHaveLength(1);
  });
});

describe('a token of an application ends', () => {
  /** Remembered by the gateway before, so that memory is what has to forget it. */
  async function inUse(): Promise<Phone & { minted: Minted }> {
    const phone = await register();
    const minted = await mint(phone);
    expect(await told(minted.token)).toBe('region');
    expect(await told(minted.token)).toBe('region');
    return { ...phone, minted };
  }

  test.each<[string, (phone: Phone & { minted: Minted }) => Promise<unknown>]>([
    ['it is ended', ({ token, minted }) => call('DELETE', `/v1/me/tokens/${minted.id}`, token)],
    ['all are ended', ({ token }) => call('DELETE', '/v1/me/tokens', token)],
    ['the device’s own are', ({ token }) => call('DELETE', '/v1/me/token', token)],
    ['the person restricts', ({ token }) => call('POST', '/v1/me/restrict', token)],
    [
      'the person erases',
      async (phone) => call('POST', '/v1/me/erasure', phone.token, undefined, await proof(phone, 'erasure')),
    ],
    ['it turns out to be a child’s phone', ({ token }) => call('PATCH', '/v1/me', token, { ageBand: 'under13' })],
    ['the operator marks it as a child’s', ({ id }) => markChild(erasing, id)],
    ['the person says no', ({ token }) => call('PUT', consentUrl(weather.application), token, { precision: 'none' })],
  ])('when %s, from the acknowledgement on, and is as unknown', async (_why, end) => {
    const phone = await inUse();
    const done = (await end(phone)) as { statusCode?: number } | true;
    expect(done === true || done.statusCode! < 300).toBe(true);
    expect(seen(await ask({ key: weather.key, device: phone.minted.token }, at()))).toEqual(await unknownHere());
  });

  test('when its time is over, or no token of the device is left that could end it', async () => {
    const phone = await inUse();
    const other = await inUse();
    // Within one tick, so that it is memory that has to know.
    clock.nowMs = Math.ceil(clock.nowMs / TICK_MS) * TICK_MS;
    const end = clock.nowMs + 60_000;
    await store.pool.query('update application_tokens set expires_at = $2 where id = $1', [phone.minted.id, end]);
    await store.pool.query('update device_tokens set expires_at = $2 where device = $1', [other.id, end]);
    expect([await told(phone.minted.token), await told(other.minted.token)]).toEqual(['region', 'region']);
    clock.nowMs += 60_000;
    for (const { minted } of [phone, other])
      expect(seen(await ask({ key: weather.key, device: minted.token }, at()))).toEqual(await unknownHere());
  });

  test('ten minutes after another was made for the application, and at once if two were', async () => {
    const phone = await inUse();
    const second = await mint(phone);
    expect(Date.parse(second.oldTokenEndsAt)).toBe(clock.nowMs + 600_000);
    expect([await told(phone.minted.token), await told(second.token)]).toEqual(['region', 'region']);
    const third = await mint(phone);
    expect([await told(phone.minted.token), await told(second.token), await told(third.token)]).toEqual([
      ...[404, 'region', 'region'],
    ]);
    clock.nowMs += 600_000;
    expect([await told(second.token), await told(third.token)]).toEqual([404, 'region']);
    expect((await call('GET', '/v1/me/tokens', phone.token)).json().tokens).toMatchObject([{ id: third.id }]);
  });

  test('not when the device’s token is replaced; but a replaced one makes no more of them', async () => {
    const phone = await inUse();
    const { token } = (await call('POST', '/v1/me/token', phone.token)).json();
    expect(await told(phone.minted.token)).toBe('region');
    const thief = await call('POST', '/v1/me/tokens', phone.token, { application: games.application });
    expect(thief.statusCode).toBe(401);
    expect((await call('POST', '/v1/me/tokens', token, { application: games.application })).statusCode).toBe(201);
  });

  test('only by its own device', async () => {
    const phone = await inUse();
    const stranger = await register();
    expect((await call('DELETE', `/v1/me/tokens/${phone.minted.id}`, stranger.token)).statusCode).toBe(404);
    expect((await call('DELETE', '/v1/me/tokens', stranger.token)).statusCode).toBe(204);
    expect(await told(phone.minted.token)).toBe('region');
    expect((await call('DELETE', '/v1/me/tokens/not-an-id', phone.token)).statusCode).toBe(400);
    await call('DELETE', '/v1/me/token', phone.token);
    const { rows } = await store.pool.query('select 1 from application_tokens where device = $1', [phone.id]);
    expect(rows).toEqual([]);
  });
});

describe('a guarded phone', () => {
  const PROOF_NEEDED = { statusCode: 403 };
  async function guarded(): Promise<Phone> {
    // Challenges go by the machine's clock.
    clock.nowMs = Date.now();
    const phone = await register();
    expect((await call('PUT', '/v1/me/guard', phone.token)).json()).toEqual({ guarded: true });
    expect((await call('GET', '/v1/me', phone.token)).json().guarded).toBe(true);
    return phone;
  }

  test('is nobody to partners by its own token, from the acknowledgement on, and the device by theirs', async () => {
    const phone = await register();
    const { token } = await mint(phone);
    await setGrant(gateway.inChain, phone, weather.application, clock.nowMs);
    expect([await told(phone.token), await told(phone.token, games.key)]).toEqual(['precise', 'region']);
    await call('PUT', '/v1/me/guard', phone.token);
    for (const key of [weather.key, games.key])
      expect(seen(await ask({ key, device: phone.token }, at()))).toEqual(await unknownHere(key));
    expect(await told(token)).toBe('precise');
    // A phone that asks for itself is not a partner.
    expect((await ask({ key: deviceKey, device: phone.token }, at())).statusCode).toBe(200);
  });

  test('makes tokens with proof only, one for each proof', async () => {
    const phone = await guarded();
    const body = { application: weather.application };
    expect(await call('POST', '/v1/me/tokens', phone.token, body)).toMatchObject(PROOF_NEEDED);
    for (const action of ['profile', 'consent'] as const)
      expect(await call('POST', '/v1/me/tokens', phone.token, body, await proof(phone, action))).toMatchObject(
        PROOF_NEEDED,
      );
    const right = await proof(phone, 'applicationTokens');
    await mint(phone, weather.application, right);
    expect(await call('POST', '/v1/me/tokens', phone.token, body, right)).toMatchObject(PROOF_NEEDED);
  });

  test('says yes, and takes a no back, with proof only; says no and takes a yes back without', async () => {
    const phone = await guarded();
    const url = consentUrl(weather.application);
    for (const precision of ['region', 'precise']) {
      expect(await call('PUT', url, phone.token, { precision })).toMatchObject(PROOF_NEEDED);
      const wrong = await proof(phone, 'applicationTokens');
      expect(await call('PUT', url, phone.token, { precision }, wrong)).toMatchObject(PROOF_NEEDED);
    }
    expect((await call('PUT', url, phone.token, { precision: 'none' })).statusCode).toBe(200);
    expect(await call('DELETE', url, phone.token)).toMatchObject(PROOF_NEEDED);
    const yes = await call('PUT', url, phone.token, { precision: 'precise' }, await proof(phone, 'consent'));
    expect(yes.json().consent).toMatchObject({ shows: 'precise' });
    expect((await call('DELETE', url, phone.token)).json().consent).toMatchObject({ state: 'withdrawn' });
  });

  test('is unguarded with proof only', async () => {
    const phone = await guarded();
    expect(await call('DELETE', '/v1/me/guard', phone.token)).toMatchObject(PROOF_NEEDED);
    const wrong = await proof(phone, 'lifting');
    expect(await call('DELETE', '/v1/me/guard', phone.token, undefined, wrong)).toMatchObject(PROOF_NEEDED);
    expect(await told(phone.token)).toBe(404);
    const right = await proof(phone, 'applicationTokens');
    expect((await call('DELETE', '/v1/me/guard', phone.token, undefined, right)).json()).toEqual({ guarded: false });
    expect(await told(phone.token)).toBe('region');
  });
});

describe('what is kept of tokens of applications', () => {
  test('is a hash, told without it, listed by name, bounded, and gone with the erasure', async () => {
    const phone = await register();
    const minted = await mint(phone);
    const { rows } = await store.pool.query('select * from application_tokens where device = $1', [phone.id]);
    expect(rows).toMatchObject([{ application: weather.application, token_hash: hashToken(minted.token) }]);
    expect((await call('GET', '/v1/me/tokens', phone.token)).json()).toEqual({
      tokens: [
        {
          ...{ id: minted.id, application: weather.application, name: 'Weather', expiresAt: minted.expiresAt },
          createdAt: new Date(clock.nowMs).toISOString(),
        },
      ],
    });
    const { held } = (await call('GET', '/v1/me/export', phone.token)).json();
    expect(held.application_tokens.rows).toMatchObject([{ id: minted.id, application: weather.application }]);
    expect(JSON.stringify(held)).not.toContain(hashToken(minted.token).toString('hex'));
    await call('POST', '/v1/me/erasure', phone.token, undefined, await proof(phone, 'erasure'));
    expect((await findTraces(store.pool, phone.id)).filter((where) => where.startsWith('application_tokens'))).toEqual(
      [],
    );
  });

  test('is no more than sixty-four applications’', async () => {
    const phone = await register();
    await store.pool.query(
      `insert into application_tokens (token_hash, id, device, application, created_at, expires_at)
       select sha256(convert_to($1::text || n, 'UTF8')), gen_random_uuid(), $1::uuid, 'filler-' || n, 0, $2 from generate_series(1, 63) n`,
      [phone.id, clock.nowMs + DAY_MS],
    );
    await mint(phone);
    const oneMore = await call('POST', '/v1/me/tokens', phone.token, { application: games.application });
    expect([oneMore.statusCode, oneMore.json().type]).toEqual([409, '/problems/too-many-application-tokens']);
    await mint(phone);
    const nobody = await call('POST', '/v1/me/tokens', (await register()).token, { application: 'nobody' });
    expect([nobody.statusCode, nobody.json().type]).toEqual([404, '/problems/unknown-application']);
  });

  test('names the device to each recipient by what that one holds, so that two recipients’ notices have nothing in common', async () => {
    const phone = await register();
    const [one, two] = [await mint(phone), await mint(phone, games.application)];
    await told(one.token);
    await told(two.token, games.key);
    await call('POST', '/v1/me/restrict', phone.token);
    const { rows } = await store.pool.query('select application, handles from recipient_notices where handles && $1', [
      [one, two, phone].map(({ token }) => noticeHandle(hashToken(token))),
    ]);
    expect(rows.sort((a, b) => (a.application < b.application ? -1 : 1))).toEqual(
      [
        { application: games.application, handles: [noticeHandle(hashToken(two.token))] },
        { application: weather.application, handles: [noticeHandle(hashToken(one.token))] },
      ].sort((a, b) => (a.application < b.application ? -1 : 1)),
    );
  });
});
