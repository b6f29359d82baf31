// One gateway as `npm start` runs it, under a load of everything that can be asked of it, right and wrong, with the store failing
// towards the end: afterwards nothing that came with a request lies where somebody else could read it. There is no
// tracing to search: no dependency writes any, and no answer or log line carries a trace on.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { addKey } from '../../src/partners/store.ts';
import { openStore, type Store } from '../../src/storage/open.ts';
import { runCommand } from '../support/command.ts';
import { envOf, startGateway } from '../support/gateway.ts';
import { findLeaks, needlesOfDegrees, needlesOfMac, needlesOfSecret, needlesOfText } from '../support/leaks.ts';
import { POSTGRES_BIN } from '../support/private-postgres.ts';
import { ROOT } from '../support/root.ts';
import { addPartner } from '../support/sharing.ts';
import { afterFile, ON_POSTGRES } from '../support/store.ts';
import {
  type Answer,
  type Ask,
  JURISDICTION,
  type Keys,
  lookUps,
  MACS,
  NETWORK,
  openAsk,
  type Phone,
  PLACE,
  PURPOSE,
  patient,
  prove,
  REPORTED,
  runMixed,
  STEM,
  TRACE,
} from './leak-load.ts';
import { breakThings, rowsOf, stopped, talkativeStore } from './leak-store.ts';

const PHONES = 6;
const ROUNDS = 3;
const AGE_BAND = '16to17';
type OpenKeys = Keys & { readonly application: string };

async function openKeys(store: Store): Promise<OpenKeys> {
  const add = async (kind: 'device' | 'submit') =>
    (await addKey(store, { class: kind, name: kind, dailyQuota: null, perMinute: null }, randomBytes, 1)).key;
  const [own, other] = [await addPartner(store, 'Weather'), await addPartner(store, 'Games')];
  return {
    ...{ device: await add('device'), submit: await add('submit'), own: own.key, other: other.key },
    application: own.application,
  };
}

async function register(ask: Ask, key: string, application: string, ageBand = AGE_BAND): Promise<Phone> {
  const made = await ask('phone', 'POST', '/v1/devices', {
    bearer: key,
    body: { jurisdiction: JURISDICTION, ageBand },
  });
  const { token, proofKey } = JSON.parse(made.text);
  const minted = await ask('phone', 'POST', '/v1/me/tokens', { bearer: token, body: { application } });
  const me = await ask('phone', 'GET', '/v1/me', { bearer: token });
  return { token, proofKey, appToken: JSON.parse(minted.text).token, id: JSON.parse(me.text).id };
}

/** Changes of mind, requests and complaints of one phone, one after the other. */
async function useRights(ask: Ask, phone: Phone, application: string): Promise<void> {
  const bearer = phone.token;
  const consent = `/v1/me/consents/${application}/${PURPOSE}`;
  await ask('phone', 'PATCH', '/v1/me', { bearer, body: { marketing: true, jurisdiction: JURISDICTION } });
  await ask('phone', 'DELETE', consent, { bearer });
  await ask('phone', 'PUT', consent, {
    bearer,
    body: { precision: 'precise', scopes: ['geolocate', 'last-location'] },
  });
  await ask('phone', 'POST', '/v1/me/object', { bearer });
  const said = { field: 'other', statement: `${STEM}-statement` };
  const proof = await prove(ask, phone, 'rectification');
  await ask('phone', 'POST', '/v1/me/rectification', { bearer, proof, body: said });
  await ask('phone', 'POST', '/v1/me/rectification', { bearer, body: { ...said, field: 'position' } });
  await ask('phone', 'GET', '/v1/me/export', { bearer });
  await ask('phone', 'POST', '/v1/me/restrict', { bearer });
  await ask('phone', 'DELETE', '/v1/me/restrict', { bearer, proof: await prove(ask, phone, 'lifting') });
  const text = `${STEM}-complaint at ${PLACE.lat}, ${PLACE.lon}`;
  const filed = await ask('phone', 'POST', '/v1/privacy/complaints', {
    body: { text, replyTo: `${STEM}@example.org`, jurisdiction: 'NL' },
  });
  await ask('phone', 'GET', `/v1/privacy/complaints/${JSON.parse(filed.text).ticket}`);
  await ask('nobody', 'POST', '/v1/privacy/bssid-removal', { body: { macAddress: MACS[0].toString(16) } });
}

/** Partners who were told where a phone is, as often as the ledger says so: a precise place each time, a region once. */
async function expectSharesAreRows(store: Store, answers: readonly Answer[]): Promise<void> {
  const told = (precision: string) =>
    answers.filter(({ asker, text }) => / \d/.test(asker) && text.includes(`"precision":"${precision}"`));
  const { rows } = await store.pool.query(
    `select count(*) filter (where kind = 1)::int as precise,
       count(distinct (subject, application)) filter (where kind = 2)::int as region from ledger`,
  );
  const regions = new Set(told('region').map(({ asker }) => asker)).size;
  expect(rows).toEqual([{ precise: told('precise').length, region: regions }]);
  expect([rows[0].precise > 20, regions >= PHONES + PHONES / 2]).toEqual([true, true]);
}

const TRACERS = /opentelemetry\/(?!api")|zipkin|jaeger|dd-trace|newrelic|elastic-apm|sentry/;
const NEVER_IN_HEADERS = /trace|b3|request-id|correlat|span|server-timing|set-cookie|etag/i;

const GATEWAY = { LOG_LEVEL: 'trace', TRUST_PROXY: 'loopback', ADDRESS_PER_MINUTE: '60' };
const FULL = { precision: 'precise', scopes: ['geolocate', 'last-location'] };

/** Half of them grant their place to one application. */
async function registerAll(ask: Ask, { device, application }: OpenKeys): Promise<Phone[]> {
  await expect.poll(async () => (await ask('nobody', 'POST', `/v1/geolocate?key=${device}`)).status).not.toBe(400);
  const phones: Phone[] = [];
  for (let i = 0; i < PHONES; i++) phones.push(await register(ask, device, application));
  for (const { token: bearer } of phones.slice(0, PHONES / 2))
    await ask('phone', 'PUT', `/v1/me/consents/${application}/${PURPOSE}`, { bearer, body: FULL });
  return phones;
}

/** Look-ups, then look-ups while minds change, then an erasure and more than an address may ask. */
async function loadAll(ask: Ask, store: Store, keys: OpenKeys, phones: readonly Phone[], answers: readonly Answer[]) {
  const surely = patient(ask);
  const child = await register(surely, keys.device, keys.application, 'under13');
  const round = () => [...phones, child].flatMap((phone, i) => lookUps(ask, keys, phone, i));
  await runMixed(Array.from({ length: ROUNDS }, round).flat());
  await expectSharesAreRows(store, answers);
  await Promise.all([
    ...phones.slice(1).map((phone) => useRights(surely, phone, keys.application)),
    runMixed(round(), 8),
  ]);
  await expectSharesAreRows(store, answers);
  const proof = await prove(surely, phones[0], 'erasure');
  const erased = await surely('phone', 'POST', '/v1/me/erasure', { bearer: phones[0].token, proof });
  await ask('nobody', 'GET', `/v1/privacy/erasures/${JSON.parse(erased.text).code}`);
  const hammer = () => ask('nobody', 'POST', `/v1/geolocate?key=${keys.device}`, { from: `${NETWORK}250` });
  await runMixed(Array.from({ length: 125 }, () => hammer));
}

describe.skipIf(ON_POSTGRES && POSTGRES_BIN === undefined)('a load of everything', () => {
  const answers: Answer[] = [];
  const phones: Phone[] = [];
  let keys: OpenKeys;
  let metrics: string;
  let tables: Record<string, string>;
  let written: Awaited<ReturnType<typeof stopped>>;

  test('tells partners of phones as often as the ledger says, and meets every refusal there is', async () => {
    const config = await talkativeStore();
    const before = await openStore(config);
    keys = await openKeys(before);
    await before.close();
    const running = await startGateway(config, [], GATEWAY);
    const store = await openStore(config);
    afterFile(() => store.close());
    const ask = openAsk(running.url, answers);
    phones.push(...(await registerAll(patient(ask), keys)));
    await loadAll(ask, store, keys, phones, answers);
    await breakThings(ask, store, keys, phones.slice(1), config.databaseUrl);
    expect((await runCommand(['fold'], store, envOf(config), Date.now())).exitCode).toBe(0);
    metrics = await (await fetch(`${running.ops}/metrics`)).text();
    tables = await rowsOf(store);
    await store.close();
    written = await stopped(running, config);
    const statuses = [...new Set(answers.map(({ status }) => status))];
    expect(statuses).toEqual(expect.arrayContaining([200, 201, 202, 400, 401, 403, 404, 413, 422, 429, 500]));
    if (ON_POSTGRES) expect(statuses).toContain(503);
  }, 120_000);

  const ofPhones = () => [
    ...phones.flatMap(({ token, appToken, proofKey }, i) =>
      Object.entries({ token, appToken, proofKey }).flatMap(([name, secret]) =>
        needlesOfSecret(`${name} ${i}`, secret),
      ),
    ),
    ...[keys.device, keys.own, keys.other, keys.submit].flatMap((key, i) => needlesOfSecret(`key ${i}`, key)),
    ...MACS.flatMap((mac, i) => needlesOfMac(`address ${i}`, mac)),
    ...Object.entries({ stem: STEM, network: NETWORK, age: AGE_BAND, trace: TRACE }).flatMap(([name, text]) =>
      needlesOfText(name, text),
    ),
  ];
  const degreesOf = (place: object) =>
    Object.entries(place).flatMap(([name, degrees]) => needlesOfDegrees(name, degrees));
  const [place, reported] = [degreesOf(PLACE), degreesOf(REPORTED)];
  const jurisdiction = needlesOfText('jurisdiction', `"${JURISDICTION}"`);

  test('leaves nothing that it carried in logs, metrics, tables, a dump or files', () => {
    expect(findLeaks({ metrics, ...tables, ...written }, [...ofPhones(), ...place])).toEqual([]);
    expect(findLeaks(tables, jurisdiction)).toEqual([]);
    // Where stations stand is what the map is for, so their rows have it.
    const { log, errors } = written;
    expect(findLeaks({ metrics, log, errors }, [...reported, ...jurisdiction])).toEqual([]);
  });

  test('is answered to nobody but the phone itself, and its place to whom it was granted', () => {
    const said = (granted: boolean) => {
      const those = answers.filter(
        ({ asker, status }) => asker !== 'phone' && (asker.startsWith('own') && status === 200) === granted,
      );
      return { answers: those.map(({ headers, text }) => headers + text).join('\n') };
    };
    expect(findLeaks(said(false), [...ofPhones(), ...place, ...reported, ...jurisdiction])).toEqual([]);
    expect(findLeaks(said(true), [...ofPhones(), ...reported, ...jurisdiction])).toEqual([]);
  });

  test('leaves no trace, because nothing writes any: no tracer is installed and no answer carries an id', () => {
    for (const { headers } of answers)
      for (const [name] of JSON.parse(headers)) expect(name).not.toMatch(NEVER_IN_HEADERS);
    // prom-client brings OpenTelemetry's interface, behind which nothing is unless somebody adds an SDK.
    expect(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')).not.toMatch(TRACERS);
  });

  test('was what it says: what is known to be there is found', () => {
    const own = answers.filter(({ asker }) => asker === 'phone' || asker.startsWith('own'));
    const heard = { answers: own.map(({ text }) => text).join('\n') };
    for (const needle of [place[0], needlesOfText('age', AGE_BAND)[0], jurisdiction[0]])
      expect(findLeaks(heard, [needle])).toHaveLength(1);
    const all = Object.values(written).join('\n');
    expect(all).toContain('request failed');
    if (ON_POSTGRES)
      for (const line of ['insert into ledger', 'violates check constraint']) expect(all).toContain(line);
  });
});
