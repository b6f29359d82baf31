// A person's copy after a real yes: everything over HTTP, from registering to a partner that is shown where they are, and then
// what the export, the profile and the list of disclosures say of it.
import { compactVerify, createLocalJWKSet } from 'jose';
import { beforeAll, describe, expect, test } from 'vitest';
import { KIND } from '../../src/disclosures/entry.ts';
import { insertPolicy } from '../../src/policy/store.ts';
import { FIRST_POLICY } from '../../src/process/first-policy.ts';
import { endsAtSql, REGISTRY } from '../../src/rights/registry.ts';
import { EVIDENCE_MS } from '../../src/rights/registry-people.ts';
import { sweepExpired } from '../../src/rights/retention-store.ts';
import { DAY_MS } from '../../src/time/spans.ts';
import { findLeaks, needlesOfDegrees } from '../support/leaks.ts';
import {
  addDeviceKey,
  addPartner,
  H3_CELL,
  HERE,
  LAT,
  LON,
  MAP,
  openSharingGateway,
  PURPOSE,
} from '../support/sharing.ts';
import { openTestStore } from '../support/store.ts';

const store = await openTestStore();
const { pool } = store;
await insertPolicy(pool, FIRST_POLICY, FIRST_POLICY.effectiveAt);
const clock = { nowMs: Date.now() };
const gateway = await openSharingGateway(store, { map: MAP, clock, people: true });
const weather = await addPartner(store, 'Weather');
const games = await addPartner(store, 'Games');
const deviceKey = await addDeviceKey(store);
await gateway.followKeys();

type Row = Record<string, unknown> & { content: Record<string, unknown>; keptUntil?: string };
type Copy = { device: string; recipients: object[]; held: Record<string, { kept: string; rows: Row[] }> };

describe('after a yes and a look, the copy of a person', () => {
  let token: string;
  let copy: Copy;
  let text: string;
  let given: { receipt: string; consent: { eventSeq: number; expiresAt: string } };

  beforeAll(async () => {
    const profile = { jurisdiction: 'NL', ageBand: '18plus' };
    token = (await gateway.call('POST', '/v1/devices', deviceKey, profile)).json().token;
    const url = `/v1/me/consents/${weather.application}/${PURPOSE}`;
    given = (await gateway.call('PUT', url, token, { precision: 'precise' })).json();
    const shown = await gateway.ask({ key: weather.key, device: token }, HERE);
    expect(shown.json()).toMatchObject({ precision: 'precise', location: { lat: expect.closeTo(LAT, 5) } });
    expect((await gateway.ask({ key: games.key, device: token }, HERE)).json().region).toBe(H3_CELL);
    const answer = await gateway.call('GET', '/v1/me/export', token);
    expect(answer.statusCode).toBe(200);
    [copy, text] = [answer.json(), answer.body];
  });

  test('has the grant, and until when it is kept', () => {
    expect(copy.held.grants.rows).toEqual([
      expect.objectContaining({
        ...{ application: weather.application, purpose: PURPOSE, state: 'given', precision: 2, scopes: ['geolocate'] },
        ...{ policyVersion: '2017-06-30', expiresAt: given.consent.expiresAt, eventSeq: given.consent.eventSeq },
        keptUntil: new Date(Date.parse(given.consent.expiresAt) + EVIDENCE_MS).toISOString(),
      }),
    ]);
  });

  test('has the receipt that was given, which the published key signed', async () => {
    const events = copy.held.consent_events.rows.filter(({ state }) => state === 'given');
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({ seq: given.consent.eventSeq, keptUntil: copy.held.grants.rows[0].keptUntil });
    const { receipt } = events[0].content as { receipt: string };
    expect(receipt).toBe(given.receipt);
    const keys = (await gateway.call('GET', '/.well-known/jwks.json', '')).json();
    const { payload } = await compactVerify(receipt, createLocalJWKSet(keys));
    expect(JSON.parse(Buffer.from(payload).toString())).toMatchObject({
      consent: { application: weather.application, precision: 'precise' },
    });
  });

  test('has one row for each act of showing, on its basis, and who was shown', () => {
    const { rows } = copy.held.ledger;
    const keptUntil = new Date(clock.nowMs + EVIDENCE_MS).toISOString();
    expect(rows.filter(({ kind }) => kind === KIND.precise)).toEqual([
      expect.objectContaining({
        ...{ application: weather.application, purpose: PURPOSE, basis: 'consent', precision: 2 },
        ...{ eventSeq: given.consent.eventSeq, policyVersion: '2017-06-30', keptUntil },
      }),
    ]);
    expect(rows.filter(({ kind }) => kind === KIND.region)).toEqual([
      expect.objectContaining({ application: games.application, basis: 'anonymous', precision: 1, keptUntil }),
    ]);
    expect(copy.recipients).toEqual(
      [games, weather]
        .sort((a, b) => (a.application < b.application ? -1 : 1))
        .map(({ application }) => expect.objectContaining({ application, contact: 'privacy@partner.example' })),
    );
  });

  test('says of everything how long it stays, and of each row until when, where one row can say', () => {
    for (const [table, { kept, rows }] of Object.entries(copy.held)) {
      expect([table, kept]).toEqual([table, expect.stringMatching(/.{8,}/)]);
      if (endsAtSql(REGISTRY[table]) === null) continue;
      for (const row of rows.filter(({ state }) => state !== 'device'))
        expect([table, Date.parse(row.keptUntil ?? '') > clock.nowMs]).toEqual([table, true]);
    }
  });

  test('has no place in it', () => {
    const needles = Object.entries({ LAT, LON }).flatMap(([name, degrees]) => needlesOfDegrees(name, degrees));
    expect(findLeaks({ text }, needles)).toEqual([]);
    expect(copy.held.last_locations).toBeUndefined();
  });

  test('is what the profile and the list of disclosures say', async () => {
    const me = (await gateway.call('GET', '/v1/me', token)).json();
    const [device] = copy.held.devices.rows;
    expect(me).toMatchObject({ id: copy.device, jurisdiction: 'NL', ageBand: '18plus', restricted: false });
    expect(device).toMatchObject({ id: me.id, content: { jurisdiction: me.jurisdiction, ageBand: me.ageBand } });
    const { disclosures } = (await gateway.call('GET', '/v1/me/disclosures', token)).json();
    const told = copy.held.ledger.rows
      .filter(({ kind }) => kind === KIND.precise || kind === KIND.region)
      .map(({ at, application, purpose, basis }) => ({ at, application, purpose, basis }));
    expect(disclosures).toEqual(told.reverse().map((row) => expect.objectContaining(row)));
    expect(disclosures.map(({ what }: { what: string }) => what)).toEqual(['region', 'precise']);
    expect(disclosures[1]).toMatchObject({ sources: ['gps'], name: 'Weather' });
  });

  test('goes on saying so once the yes was taken back, for three years from then', async () => {
    clock.nowMs += DAY_MS;
    await gateway.call('DELETE', `/v1/me/consents/${weather.application}/${PURPOSE}`, token);
    const { held } = (await gateway.call('GET', '/v1/me/export', token)).json() as Copy;
    expect(held.grants.rows).toEqual([expect.objectContaining({ state: 'withdrawn', keptUntil: expect.any(String) })]);
    expect(held.consent_events.rows.map(({ state }) => state)).toEqual(expect.arrayContaining(['given', 'withdrawn']));
    expect(held.ledger.rows.filter(({ kind }) => kind === KIND.precise)).toHaveLength(1);
  });

  test('says until when consents stay, and a sweep takes them then and not before', async () => {
    const { held } = (await gateway.call('GET', '/v1/me/export', token)).json() as Copy;
    const said = held.consent_events.rows.filter(({ state }) => state !== 'device');
    const times = new Set([...held.grants.rows, ...said].map(({ keptUntil }) => keptUntil));
    const [until] = times;
    expect([times.size, said.length]).toEqual([1, 2]);
    const left = async () =>
      (
        await pool.query(`select (select count(*)::int from grants) as grants, count(*)::int as said
        from consent_events where state <> 'device'`)
      ).rows;
    await sweepExpired(pool, Date.parse(until!) - 1);
    expect(await left()).toEqual([{ grants: 1, said: 2 }]);
    await sweepExpired(pool, Date.parse(until!));
    expect(await left()).toEqual([{ grants: 0, said: 0 }]);
  });
});
