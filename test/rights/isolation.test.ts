// Isolation by partner (S7): two partners with keys, a person who dealt with both, and every route that a partner's key opens.
import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Caller } from '../../src/http/caller.ts';
import { CALLERS, PARTNER_KEY } from '../support/app.ts';
import { openWorld } from './world.ts';

/** Where a partner's key is good, and how an answer is asked for there. `/v1/partner/regions` is one list for everybody. */
const PARTNER_ROUTES = ['/v1/partner/notices', '/v1/partner/regions'];

const [ANA, BEN] = ['ana-app', 'ben-app'].map((application, i) => {
  const key = `hgp_isolated-${application}`;
  const recipient = { application, purposes: ['dpv:ServiceProvision'], partner: `partner-${i}` };
  (CALLERS as Record<string, Caller>)[key] = { ...CALLERS[PARTNER_KEY], id: application, recipient } as never;
  return { key, application };
});
/** Whenever in a day notices are handed over, those of the day before yesterday are. */
const OF_A_DAY_PAST = (Math.floor(Date.now() / 86_400_000) - 2) * 86_400_000;
const world = await openWorld();
const { app, pool } = world;

async function notices(key: string, query = ''): Promise<{ handles: string[]; kind: string }[]> {
  const answer = await app.inject({ url: `/v1/partner/notices?key=${key}${query}` });
  return answer.statusCode === 200 ? answer.json().notices : [];
}

test('no route shows a partner what belongs to another, whatever it names', async () => {
  await app.ready();
  const { paths } = app.swagger() as { paths: Record<string, unknown> };
  // A route that is added must be added here, and shown to keep them apart.
  expect(Object.keys(paths).filter((path) => path.startsWith('/v1/partner'))).toEqual(
    PARTNER_ROUTES.filter((path) => path in paths),
  );
  const handles: Record<string, string> = {};
  for (const { application } of [ANA, BEN]) {
    handles[application] = randomUUID();
    await pool.query("insert into recipient_notices (application, kind, handles, at) values ($1, 'erased', $2, $3)", [
      application,
      [handles[application]],
      OF_A_DAY_PAST,
    ]);
  }
  for (const [own, other] of [
    [ANA, BEN],
    [BEN, ANA],
  ]) {
    expect(await notices(own.key)).toMatchObject([{ handles: [handles[own.application]] }]);
    for (const query of [`&application=${other.application}`, `&key=${other.key}`, '&after=0', `&partner=partner-0`])
      expect(JSON.stringify(await notices(own.key, query))).not.toContain(handles[other.application]);
  }
  // Reading marks as read what is one's own, nothing else.
  await pool.query('update recipient_notices set read_at = null');
  await notices(ANA.key);
  const { rows } = await pool.query('select application from recipient_notices where read_at is not null');
  expect(rows).toEqual([{ application: ANA.application }]);
});

test('a partner’s key opens none of what people, the operator or other partners see', async () => {
  await app.ready();
  const { paths } = app.swagger() as { paths: Record<string, Record<string, unknown>> };
  let tried = 0;
  for (const [path, methods] of Object.entries(paths)) {
    if (!path.startsWith('/v1/me') && path !== '/v1/devices') continue;
    for (const method of Object.keys(methods)) {
      const url = path.replace(/\{[^}]+\}/g, 'x');
      const headers = { authorization: `Bearer ${ANA.key}` };
      const answer = await app.inject({ method: method.toUpperCase() as 'GET', url, headers });
      expect([method, path, answer.statusCode]).toEqual([method, path, 401]);
      tried++;
    }
  }
  expect(tried).toBeGreaterThan(15);
});
