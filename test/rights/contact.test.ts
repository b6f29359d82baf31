import { randomBytes, randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { authorityOf, procedureOf } from '../../src/rights/authorities.ts';
import { complaintOfTicket, moveComplaint } from '../../src/rights/complaints-store.ts';
import { sweepExpired } from '../../src/rights/retention-store.ts';
import { DAY_MS } from '../../src/time/spans.ts';
import { MASTERS, openWorld } from './world.ts';

const { call, pool } = await openWorld();
const TEXT = 'They showed my street to somebody, marker-5512';
const file = (more: object = {}) =>
  call(null, 'POST', '/v1/privacy/complaints', { text: TEXT, jurisdiction: 'NL', replyTo: 'ada@example.org', ...more });
const staff = (ticket: string, state: 'answered' | 'closed', answer: string | null, nowMs = Date.now()) =>
  complaintOfTicket(pool, ticket, nowMs).then((id) =>
    moveComplaint({ pool, masters: MASTERS, random: randomBytes, newId: randomUUID }, id!, state, answer, nowMs),
  );

describe('the contact', () => {
  test('names the authority of the jurisdiction and how to turn to it', async () => {
    const { status, body } = await call(null, 'GET', '/v1/privacy/contact?jurisdiction=NL');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      contact: 'privacy@example.org',
      authority: { name: 'Autoriteit Persoonsgegevens', url: 'https://www.autoriteitpersoonsgegevens.nl' },
    });
    expect(body.procedure).toContain('GDPR 77');
    expect((await call(null, 'GET', '/v1/privacy/contact')).body.authority).toBeNull();
    expect((await call(null, 'GET', '/v1/privacy/contact?jurisdiction=ZZ')).body.authority).toBeNull();
    for (const bad of ['nl', 'NLD', '%00', ''])
      expect((await call(null, 'GET', `/v1/privacy/contact?jurisdiction=${bad}`)).status).toBe(400);
  });

  test('is known for every country of the EU and the EEA and where KaiOS phones are many', () => {
    const eea = 'AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK IS LI NO'.split(' ');
    for (const code of [...eea, 'GB', 'IN', 'US', 'BR', 'NG', 'TZ', 'RW', 'ZA', 'ID']) {
      expect([code, authorityOf(code)?.url]).toEqual([code, expect.stringMatching(/^https:\/\/[^ ]+$/)]);
      expect(procedureOf(code).length).toBeGreaterThan(40);
    }
  });
});

describe('a complaint', () => {
  test('gets a ticket, a receipt with a due date, an answer, and on dissatisfaction the authority’s procedure', async () => {
    const filed = await file();
    expect(filed.status).toBe(201);
    expect(filed.body).toMatchObject({ ticket: expect.stringMatching(/^[\w-]{22}$/), state: 'received', answers: [] });
    const { ticket } = filed.body;
    const days = (Date.parse(filed.body.answerDueAt) - Date.parse(filed.body.receivedAt)) / 86_400_000;
    expect(days).toBeGreaterThanOrEqual(28);
    expect(days).toBeLessThanOrEqual(31);
    expect((await call(null, 'POST', `/v1/privacy/complaints/${ticket}/dissatisfied`)).status).toBe(409);
    expect(await staff(ticket, 'answered', 'We looked, and no.')).toBe(true);
    expect((await call(null, 'GET', `/v1/privacy/complaints/${ticket}`)).body).toMatchObject({
      state: 'answered',
      answers: ['We looked, and no.'],
    });
    const unhappy = await call(null, 'POST', `/v1/privacy/complaints/${ticket}/dissatisfied`);
    expect(unhappy.body).toMatchObject({ state: 'dissatisfied', authority: { name: 'Autoriteit Persoonsgegevens' } });
    expect(unhappy.body.procedure).toContain('court');
    const later = Date.now() + 400 * DAY_MS;
    expect(await staff(ticket, 'closed', null, later)).toBe(false);
    expect(await staff(ticket, 'answered', 'We looked again.')).toBe(true);
    expect(await staff(ticket, 'closed', null, later)).toBe(true);
    expect(await staff(ticket, 'answered', 'again')).toBe(false);
  });

  test('can’t be closed in the month in which its answer may be said not to satisfy', async () => {
    const { ticket } = (await file()).body;
    await staff(ticket, 'answered', 'No.');
    expect(await staff(ticket, 'closed', null)).toBe(false);
    expect(await staff(ticket, 'closed', null, Date.now() + 29 * DAY_MS)).toBe(false);
    expect((await call(null, 'POST', `/v1/privacy/complaints/${ticket}/dissatisfied`)).status).toBe(200);
    expect((await call(null, 'GET', `/v1/privacy/complaints/${ticket}`)).body.state).toBe('dissatisfied');
  });

  test('lies sealed in the store, by a ticket that is kept as a hash', async () => {
    const { body } = await file();
    const { rows } = await pool.query(
      'select to_jsonb(c)::text || to_jsonb(k)::text as row from complaints c join device_keys k on k.device = c.id',
    );
    expect(rows.length).toBeGreaterThan(0);
    const text = rows.map((row) => row.row).join();
    for (const secret of ['marker-5512', 'ada@example.org', body.ticket, Buffer.from('marker-5512').toString('hex')])
      expect(text).not.toContain(secret);
  });

  test('is not to be found by a ticket that is none, and takes bodies that make sense only', async () => {
    for (const ticket of ['A'.repeat(22), 'x', '%00', `${'A'.repeat(23)}`])
      expect((await call(null, 'GET', `/v1/privacy/complaints/${ticket}`)).status).toBe(404);
    for (const bad of [
      { text: '' },
      { text: 'x'.repeat(5001) },
      { text: 1 },
      { text: 'x', more: 1 },
      { jurisdiction: 'NLD' },
    ])
      expect((await file(bad)).status).toBe(400);
  });

  test('is gone with its key three years after its end', async () => {
    const { ticket } = (await file()).body;
    await staff(ticket, 'answered', 'so');
    const closedAt = Date.now() + 31 * DAY_MS;
    expect(await staff(ticket, 'closed', null, closedAt)).toBe(true);
    const soon = closedAt + 3 * 365 * DAY_MS - 1e6;
    const id = await complaintOfTicket(pool, ticket, soon);
    await sweepExpired(pool, soon);
    expect(await complaintOfTicket(pool, ticket, soon)).toBe(id);
    await sweepExpired(pool, soon + 2e6);
    expect(await complaintOfTicket(pool, ticket, soon)).toBeNull();
    expect((await pool.query('select 1 from device_keys where device = $1', [id])).rows).toEqual([]);
  });
});
