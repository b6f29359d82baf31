// Notices to recipients, and what a recipient, or two together, can learn from their time, their number and their handles.
import { randomBytes } from 'node:crypto';
import type { ClientBase } from 'pg';
import { beforeEach, describe, expect, test } from 'vitest';
import { ledgerSubject } from '../../src/devices/device-key.ts';
import { hashToken } from '../../src/devices/token.ts';
import { KIND } from '../../src/disclosures/entry.ts';
import { eraseDepsOf, openRights } from '../../src/process/rights.ts';
import { eraseChildren, markChild } from '../../src/rights/children-store.ts';
import { advanceErasures, beginErasure, findPerson } from '../../src/rights/erase-store.ts';
import { noticeHandle, ownHandlesOf } from '../../src/rights/notice-handle.ts';
import { notifyRecipients, readNotices } from '../../src/rights/notices-store.ts';
import { sweepExpired } from '../../src/rights/retention-store.ts';
import { keepPresented } from '../../src/sharing/presented-store.ts';
import { DAY_MS, MINUTE_MS } from '../../src/time/spans.ts';
import { createTestApp } from '../support/app.ts';
import { addTestApplication, createTestPeople, MASTERS } from '../support/people.ts';
import { openTestStore } from '../support/store.ts';

const NOON_MS = Date.UTC(2026, 10, 22, 12);

const store = await openTestStore();
const { pool } = store;
const gateway = await createTestPeople(store);
const { call, inChain, clock } = gateway;
const setup = { pool, inChain, masters: MASTERS, pseudonymKey: Buffer.alloc(32, 5) };
const erasing = eraseDepsOf(setup, () => clock.nowMs);
/** Applications that are told nothing of anybody. */
const suspended = new Set<string>();
/** Where partners ask, each by a key that is called as its application. */
const { app: partners } = await createTestApp({
  people: gateway.people,
  rights: openRights({ ...setup, contact: 'privacy@example.org' }),
  now: () => clock.nowMs,
  findKey: (presented) => ({
    ...{ id: presented, class: 'partner', slot: 0, perMinute: null, dailyQuota: null },
    recipient: {
      ...{ application: presented.slice(4), purposes: [] },
      suspended: suspended.has(presented.slice(4)),
    } as never,
  }),
});
let application: string;
let other: string;
beforeEach(async () => {
  clock.nowMs = NOON_MS;
  application = await addTestApplication(store);
  other = await addTestApplication(store);
});

type Phone = { readonly token: string; readonly id: string };
async function register(): Promise<Phone> {
  const token = await gateway.register({ ageBand: '18plus', jurisdiction: 'NL' });
  return { token, id: ((await call('GET', '/v1/me', token)).body as { id: string }).id };
}
async function personOf({ id }: Phone) {
  return (await findPerson(pool, MASTERS, id))!;
}
/** By the phone's own token, unless told otherwise; null: of which nobody noted it, as once. */
async function disclose(
  phone: Phone,
  to: string,
  kind: 1 | 2 = KIND.region,
  by: string | null = phone.token,
): Promise<void> {
  const subject = ledgerSubject((await personOf(phone)).key);
  const purpose = 'dpv:ServiceProvision';
  await inChain(async (client, chain) => {
    chain.append({ at: clock.nowMs, kind, application: to, subject, purpose, precision: kind });
    if (by === null) return;
    const ask = { application: to, purpose, tokenHash: hashToken(by), isBound: by.startsWith('hga_') };
    await keepPresented(client, [{ device: phone.id, ask }], clock.nowMs);
  });
}
async function mint(phone: Phone, to: string): Promise<string> {
  return ((await call('POST', '/v1/me/tokens', phone.token, { application: to })).body as { token: string }).token;
}
type Page = { notices: { id: string; kind: string; handles: string[]; on: string }[]; next: string | null };
async function notices(of: string, after?: string): Promise<Page> {
  const url = `/v1/partner/notices?key=hgp_${of}${after === undefined ? '' : `&after=${after}`}`;
  const answer = await partners.inject({ method: 'GET', url });
  expect(answer.statusCode).toBe(200);
  return answer.json();
}
/** The notices in the person's own copy. */
async function copyOf(token: string): Promise<unknown[] | undefined> {
  const copy = (await call('GET', '/v1/me/export', token)).body as { held: Record<string, { rows: unknown[] }> };
  return copy.held.recipient_notices?.rows;
}
const nextMorning = () => {
  clock.nowMs = NOON_MS + DAY_MS;
};
const consentUrl = (to: string) => `/v1/me/consents/${to}/dpv:ServiceProvision`;

test('whoever was shown somebody is told of their erasure, suspended meanwhile or not', async () => {
  const [phone, left] = [await register(), await register()];
  for (const to of [application, other]) await disclose(phone, to);
  await disclose(left, other);
  await pool.query('update applications set suspended_at = $2 where id = $1', [application, NOON_MS]);
  suspended.add(application);
  for (const one of [phone, left]) await beginErasure(erasing, await personOf(one), 'asked', one.id);
  nextMorning();
  expect((await notices(application)).notices).toMatchObject([{ kind: 'erased', on: '2026-11-22' }]);
  expect((await notices(other)).notices).toHaveLength(2);
});

describe('the time of a notice', () => {
  test.each(['00:00', '12:10', '23:14', '23:16', '23:59'])(
    'tells a child that was found out at %s in no way from somebody who asked to be erased then',
    async (time) => {
      const [child, asker] = [await register(), await register()];
      await disclose(child, application);
      await disclose(asker, other);
      clock.nowMs = Date.parse(`2026-11-22T${time}:30Z`);
      await markChild(erasing, child.id);
      await beginErasure(erasing, await personOf(asker), 'asked', randomBytes(16).toString('base64url'));
      const seen: Record<string, unknown[]> = { [application]: [], [other]: [] };
      for (let minutes = 0; minutes < 34 * 60; minutes++, clock.nowMs += MINUTE_MS) {
        if (minutes < 90) await eraseChildren(erasing, randomBytes);
        if (minutes > 50 && minutes % 20 !== 0) continue;
        for (const who of [application, other])
          seen[who].push((await notices(who)).notices.map(({ kind, on }) => ({ kind, on })));
      }
      expect(seen[application]).toEqual(seen[other]);
      expect(seen[application][0]).toEqual([]);
      expect(seen[application].at(-1)).toEqual([{ kind: 'erased', on: '2026-11-22' }]);
    },
  );

  test('is a day, whatever it is about, and each day is complete before it is handed over', async () => {
    const phones = [await register(), await register(), await register()];
    for (const phone of phones) await disclose(phone, application);
    await call('POST', '/v1/me/restrict', phones[0].token);
    clock.nowMs = Date.parse('2026-11-23T02:59:59Z');
    await call('POST', '/v1/me/restrict', phones[1].token);
    clock.nowMs = Date.parse('2026-11-23T03:59:59Z');
    expect(await notices(application)).toEqual({ notices: [], next: null });
    clock.nowMs = Date.parse('2026-11-23T04:00:00Z');
    const first = await notices(application);
    expect(first.notices.map(({ kind, on }) => [kind, on])).toEqual([['restricted', '2026-11-22']]);
    await call('POST', '/v1/me/restrict', phones[2].token);
    expect(await notices(application, first.next!)).toEqual({ notices: [], next: first.next });
    clock.nowMs += DAY_MS;
    const second = await notices(application, first.next!);
    expect(second.notices.map(({ kind, on }) => [kind, on])).toEqual([
      ['restricted', '2026-11-23'],
      ['restricted', '2026-11-23'],
    ]);
    const { rows } = await pool.query('select distinct at % $1 as rest from recipient_notices', [DAY_MS]);
    expect(rows).toEqual([{ rest: '0' }]);
  });

  test('of a child whose erasure came too late for its day is the next one, so that no reader misses it', async () => {
    const child = await register();
    await disclose(child, application);
    await markChild(erasing, child.id);
    nextMorning();
    const { next } = await notices(application);
    await eraseChildren(erasing, randomBytes);
    clock.nowMs += DAY_MS;
    expect((await notices(application, next ?? undefined)).notices).toMatchObject([
      { kind: 'erased', on: '2026-11-23' },
    ]);
  });
});

describe('two recipients', () => {
  test('find nothing the same in what they are told of one person, also when their tokens have ended', async () => {
    const phone = await register();
    const [mine, theirs] = [await mint(phone, application), await mint(phone, other)];
    await disclose(phone, application, KIND.region, mine);
    await disclose(phone, other, KIND.precise, theirs);
    await call('DELETE', '/v1/me/tokens', phone.token);
    await sweepExpired(pool, clock.nowMs);
    await call('POST', '/v1/me/restrict', phone.token);
    nextMorning();
    const [one, two] = [(await notices(application)).notices, (await notices(other)).notices];
    expect(one).toEqual([
      { id: one[0].id, kind: 'restricted', handles: [noticeHandle(hashToken(mine))], on: '2026-11-22' },
    ]);
    expect(two[0].handles).toEqual([noticeHandle(hashToken(theirs))]);
    expect(one[0].id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4/);
    expect(two[0].id).not.toBe(one[0].id);
  });

  test('never see the handle of the phone’s own token once they had one of their own, after its time, too', async () => {
    const phone = await register();
    const token = await mint(phone, application);
    await disclose(phone, application, KIND.region, token);
    await disclose(phone, other);
    clock.nowMs += 200 * DAY_MS;
    await call('GET', '/v1/me', phone.token);
    await sweepExpired(pool, clock.nowMs);
    expect((await pool.query('select 1 from application_tokens where device = $1', [phone.id])).rows).toEqual([]);
    await call('POST', '/v1/me/restrict', phone.token);
    clock.nowMs += 2 * DAY_MS;
    expect((await notices(application)).notices[0].handles).toEqual([noticeHandle(hashToken(token))]);
    expect((await notices(other)).notices[0].handles).toEqual([noticeHandle(hashToken(phone.token))]);
  });

  test('learn nothing of what others are told: neither order nor number', async () => {
    const alone = await register();
    await disclose(alone, application);
    await call('POST', '/v1/me/restrict', alone.token);
    const cursors: (string | null)[] = [];
    for (let n = 0; n < 3; n++) {
      for (let i = 0; i < n; i++) {
        const stranger = await register();
        await disclose(stranger, other);
        await call('POST', '/v1/me/restrict', stranger.token);
      }
      nextMorning();
      cursors.push((await notices(application)).next);
      clock.nowMs = NOON_MS;
    }
    expect(new Set(cursors).size).toBe(1);
    expect(cursors[0]).toMatch(/^2026-11-22\.[0-9a-f-]{36}$/);
  });
});

describe('a recipient that was shown a phone by a token of its own', () => {
  test('is told by that one, however many the phone made for it since that it never presented', async () => {
    const phone = await register();
    const presented = await mint(phone, application);
    await disclose(phone, application, KIND.precise, presented);
    for (let n = 0; n < 9; n++, clock.nowMs += MINUTE_MS) await mint(phone, application);
    await call('POST', '/v1/me/restrict', phone.token);
    nextMorning();
    expect((await notices(application)).notices.flatMap(({ handles }) => handles)).toEqual([
      noticeHandle(hashToken(presented)),
    ]);
  });

  test('is told by each in a notice of its own, in no order: a token and the one that replaced it stay two phones to it', async () => {
    const phone = await register();
    const tokens: string[] = [];
    for (let n = 0; n < 6; n++, clock.nowMs += MINUTE_MS) {
      tokens.push(await mint(phone, application));
      await disclose(phone, application, KIND.region, tokens[n]);
    }
    await call('POST', '/v1/me/restrict', phone.token);
    clock.nowMs += DAY_MS;
    const told = (await notices(application)).notices;
    const handles = tokens.map((token) => [noticeHandle(hashToken(token))]);
    expect(told.map((one) => one.handles).sort()).toEqual(handles.sort());
    expect(new Set(told.map(({ kind, on }) => `${kind} ${on}`))).toEqual(new Set(['restricted 2026-11-22']));
    expect(told.map(({ id }) => id)).toEqual(told.map(({ id }) => id).sort());
    expect(await copyOf(phone.token)).toHaveLength(6);
  });

  test('is known by 1,100 of them at most, the newest, and what it was told is in the person’s own copy whatever became of them', async () => {
    const phone = await register();
    const presented = await mint(phone, application);
    await disclose(phone, application, KIND.region, presented);
    await call('POST', '/v1/me/restrict', phone.token);
    await pool.query(
      `insert into notice_handles (device, application, handle, issued_at) select $1, $2, 'newer ' || n, $3::int8 + n from generate_series(1, 1200) n`,
      [phone.id, application, clock.nowMs],
    );
    clock.nowMs += MINUTE_MS;
    await disclose(phone, application, KIND.region, await mint(phone, application));
    const kept = await pool.query<{ handle: string }>(
      'select handle from notice_handles where device = $1 and application = $2',
      [phone.id, application],
    );
    expect(kept.rows).toHaveLength(1_100);
    expect(kept.rows.map(({ handle }) => handle)).not.toContain(noticeHandle(hashToken(presented)));
    expect(await copyOf(phone.token)).toMatchObject([{ kind: 'restricted', application }]);
  });
});

describe('a recipient that was shown a phone by its own token', () => {
  /** What the phone holds after it had its token replaced so often, and used each new one, as after an answer that arrived. */
  async function rotate(phone: Phone, times: number): Promise<Phone> {
    let { token } = phone;
    for (let n = 0; n < times; n++) {
      clock.nowMs += DAY_MS;
      token = ((await call('POST', '/v1/me/token', token)).body as { token: string }).token;
      await call('GET', '/v1/me', token);
    }
    return { token, id: phone.id };
  }
  const handlesOf = async (of: string) => (await notices(of)).notices.map(({ kind, handles }) => [kind, handles]);

  test('is told of the erasure by a name that it knows, however often the phone has another token since', async () => {
    const phone = await register();
    await disclose(phone, application, KIND.precise);
    const later = await rotate(phone, 3);
    await beginErasure(erasing, await personOf(later), 'asked', randomBytes(16).toString('base64url'));
    clock.nowMs += 2 * DAY_MS;
    expect(await handlesOf(application)).toEqual([['erased', [noticeHandle(hashToken(phone.token))]]]);
    expect(later.token).not.toBe(phone.token);
  });

  test('is told by each token it presented and by no other: who was shown the phone by a later one finds nothing the same', async () => {
    const phone = await register();
    await disclose(phone, application);
    const later = await rotate(phone, 1);
    await disclose(later, other, KIND.precise);
    const last = await rotate(later, 1);
    await disclose(last, other);
    await call('POST', '/v1/me/restrict', last.token);
    clock.nowMs += 2 * DAY_MS;
    const handle = ({ token }: Phone) => noticeHandle(hashToken(token));
    expect(await handlesOf(application)).toEqual([['restricted', [handle(phone)]]]);
    const names = (await handlesOf(other)).map(([, handles]) => handles);
    expect(names.sort()).toEqual([later, last].map((one) => [handle(one)]).sort());
  });

  test('is told by it still where the phone made tokens for it that it never presented', async () => {
    const phone = await register();
    await disclose(phone, application);
    const tokens = [];
    for (let n = 0; n < 9; n++, clock.nowMs += MINUTE_MS) tokens.push(await mint(phone, application));
    await call('POST', '/v1/me/restrict', phone.token);
    clock.nowMs += 2 * DAY_MS;
    expect(await handlesOf(application)).toEqual([['restricted', [noticeHandle(hashToken(phone.token))]]]);
  });

  test('is told when the phone went away without a word, after the time of its token', async () => {
    const phone = await register();
    await disclose(phone, application);
    const person = await personOf(phone);
    clock.nowMs += 366 * DAY_MS;
    await sweepExpired(pool, clock.nowMs);
    expect((await pool.query('select 1 from device_tokens where device = $1', [phone.id])).rows).toEqual([]);
    await beginErasure(erasing, person, 'unused', randomBytes(16).toString('base64url'));
    clock.nowMs += 2 * DAY_MS;
    expect(await handlesOf(application)).toEqual([['erased', [noticeHandle(hashToken(phone.token))]]]);
  });

  test('is told when the phone has ended all its tokens', async () => {
    const phone = await register();
    await disclose(phone, application);
    expect((await call('DELETE', '/v1/me/token', phone.token)).status).toBeLessThan(300);
    await beginErasure(erasing, await personOf(phone), 'asked', randomBytes(16).toString('base64url'));
    clock.nowMs += 2 * DAY_MS;
    expect(await handlesOf(application)).toEqual([['erased', [noticeHandle(hashToken(phone.token))]]]);
  });

  test('stands in the person’s own copy with what it was told, under whichever token that was', async () => {
    const phone = await register();
    await disclose(phone, application);
    await call('POST', '/v1/me/restrict', phone.token);
    const later = await rotate(phone, 2);
    expect(await copyOf(later.token)).toMatchObject([{ kind: 'restricted', application }]);
  });

  test('is known by forty tokens of the phone at most, the newest, until the erasure takes them', async () => {
    const phone = await register();
    const kept = async () =>
      (await pool.query('select 1 from notice_handles where device = $1', [phone.id])).rows.length;
    await pool.query(
      `insert into notice_handles (device, application, handle, issued_at) select $1, $2, 'old ' || n, n from generate_series(1, 60) n`,
      [phone.id, ownHandlesOf(application)],
    );
    await disclose(phone, application);
    expect(await kept()).toBe(40);
    await beginErasure(erasing, await personOf(phone), 'asked', randomBytes(16).toString('base64url'));
    await advanceErasures(erasing);
    expect(await kept()).toBe(0);
  });

  test('by whatever nobody noted before, is told by all tokens of the phone that are good', async () => {
    const phone = await register();
    await disclose(phone, application, KIND.region, null);
    await call('POST', '/v1/me/restrict', phone.token);
    const later = await rotate(phone, 1);
    clock.nowMs += 2 * DAY_MS;
    expect(await handlesOf(application)).toEqual([['restricted', [noticeHandle(hashToken(phone.token))]]]);
    await sweepExpired(pool, clock.nowMs);
    expect(await copyOf(later.token)).toMatchObject([{ kind: 'restricted', application }]);
  });
});

describe('reading', () => {
  test('goes on behind the last page without missing or repeating one, whatever was added meanwhile', async () => {
    const at = NOON_MS - (NOON_MS % DAY_MS);
    await pool.query(
      `insert into recipient_notices (application, kind, handles, at)
       select $1, 'restricted', array[n::text], $2::int8 + (n % 3) * $3::int8 from generate_series(1, 1200) n`,
      [application, at, DAY_MS],
    );
    clock.nowMs = NOON_MS + 5 * DAY_MS;
    const handles: string[] = [];
    let next: string | undefined;
    for (let n = 0; n < 4; n++) {
      const page = await notices(application, next);
      handles.push(...page.notices.flatMap((one) => one.handles));
      next = page.next!;
    }
    expect(handles).toHaveLength(1200);
    expect(new Set(handles).size).toBe(1200);
  });

  test('again rewrites nothing', async () => {
    const phone = await register();
    await disclose(phone, application);
    await call('POST', '/v1/me/restrict', phone.token);
    nextMorning();
    const versions = async () =>
      (
        await pool.query('select xmin::text, read_at::float8 as at from recipient_notices where application = $1', [
          application,
        ])
      ).rows;
    expect(await versions()).toMatchObject([{ at: null }]);
    await notices(application);
    const read = await versions();
    expect(read).toMatchObject([{ at: clock.nowMs }]);
    clock.nowMs += DAY_MS;
    expect((await notices(application)).notices).toHaveLength(1);
    expect(await versions()).toEqual(read);
  });

  test.each(['1', '2026-11-22', '2026-13-01.00000000-0000-4000-8000-000000000000', 'x.y', '%00'])(
    'from %j on is malformed',
    async (after) => {
      const answer = await partners.inject({ method: 'GET', url: `/v1/partner/notices?key=hgp_x&after=${after}` });
      expect([answer.statusCode, answer.headers['content-type']]).toEqual([
        400,
        expect.stringContaining('application/problem+json'),
      ]);
    },
  );
});

describe('a withdrawal', () => {
  const put = (phone: Phone, precision: string, terms: object = {}) =>
    call('PUT', consentUrl(application), phone.token, { precision, ...terms });
  const BOTH = { scopes: ['geolocate', 'last-location'] };
  const ONE = { scopes: ['geolocate'] };
  const takeBack = (phone: Phone) => call('DELETE', consentUrl(application), phone.token);
  async function kinds(): Promise<string[]> {
    const { rows } = await pool.query('select kind from recipient_notices where application = $1', [application]);
    return rows.map((row) => row.kind);
  }
  test.each([
    ['of a yes, once', [(p: Phone) => put(p, 'precise'), takeBack, takeBack], ['withdrawn']],
    ['of a yes by a no, once', [(p: Phone) => put(p, 'region'), (p: Phone) => put(p, 'none'), takeBack], ['withdrawn']],
    ['of nothing but a no', [(p: Phone) => put(p, 'none'), takeBack], []],
    ['of a yes that had ended', [(p: Phone) => put(p, 'precise'), ended, takeBack], []],
    ['of precision', [(p: Phone) => put(p, 'precise'), (p: Phone) => put(p, 'region')], ['withdrawn']],
    ['of a scope', [(p: Phone) => put(p, 'precise', BOTH), (p: Phone) => put(p, 'precise', ONE)], ['withdrawn']],
    [
      'of sources only',
      [(p: Phone) => put(p, 'precise'), (p: Phone) => put(p, 'precise', { sources: { ip: false } })],
      [],
    ],
    ['that is none', [(p: Phone) => put(p, 'region'), (p: Phone) => put(p, 'precise')], []],
  ] as const)('%s is told to who was shown something', async (_name, steps, told) => {
    const phone = await register();
    await disclose(phone, application);
    for (const step of steps) expect((await step(phone)).status).toBe(200);
    expect(await kinds()).toEqual(told);
  });
  async function ended(phone: Phone): Promise<{ status: number }> {
    await pool.query('update grants set expires_at = $2 where device = $1', [phone.id, clock.nowMs]);
    return { status: 200 };
  }
});

describe('finding who was shown something', () => {
  test.each([
    ['everybody', {}],
    ['one', { only: 'app-040' }],
    ['one who was shown nothing', { only: 'nobody' }],
  ])(
    'takes as many steps whether a recipient asked a thousand times or twenty thousand: %s',
    async (_name, options) => {
      const phone = await register();
      const subject = ledgerSubject((await personOf(phone)).key);
      const touched = async () => await rowsTouched(phone, options);
      await addRows(subject, 1_000, 50);
      const few = await touched();
      await addRows(subject, 20_000, 50);
      const many = await touched();
      await pool.query('analyze ledger');
      for (const steps of [few, many, await touched()]) {
        expect(steps).toBeGreaterThan(0);
        expect(steps).toBeLessThan(500);
      }
    },
  );

  let seq = 1e12;
  /** Rows of one application that never stops asking, in regions and precisely, and a few of others. */
  async function addRows(subject: Buffer, count: number, others: number): Promise<void> {
    await pool.query(
      `insert into ledger (seq, at, kind, application, subject, purpose, tick, hash)
       select $1::int8 + n, 1, 1 + n % 2, case when n > $4 then 'app-000' else 'app-' || lpad(n::text, 3, '0') end, $2, 'p', $1::int8 % 1000000 + n, '\\x00'
       from generate_series(1, $3::int) n`,
      [seq, subject, count, others],
    );
    seq += count;
  }

  /** Rows that the store looks at while recipients are found and told, by its own account. */
  async function rowsTouched(phone: Phone, options: object): Promise<number> {
    let sum = 0;
    const person = await personOf(phone);
    await inChain(async (client, chain) => {
      const query = async (sql: string, values: unknown[]) => {
        if (sql.includes('from ledger')) {
          const { rows } = await client.query(`explain (analyze, format json) ${sql}`, values);
          sum += rowsOf(rows[0]['QUERY PLAN'][0].Plan);
        }
        return await client.query(sql, values);
      };
      await notifyRecipients({ query } as unknown as ClientBase, chain, person, 'restricted', clock.nowMs, options);
    });
    return sum;
  }

  type Plan = Record<string, number> & { readonly Plans?: readonly Plan[] };
  function rowsOf(plan: Plan): number {
    const loops = plan['Actual Loops'];
    const here = (plan['Actual Rows'] + (plan['Rows Removed by Filter'] ?? 0)) * loops;
    return here + (plan.Plans ?? []).reduce((sum, one) => sum + rowsOf(one), 0);
  }
});

test('a page of notices that are past their time is empty', async () => {
  await pool.query(`insert into recipient_notices (application, kind, handles, at) values ($1, 'erased', '{}', $2)`, [
    application,
    NOON_MS - (NOON_MS % DAY_MS),
  ]);
  expect(await readNotices(pool, application, null, 10, NOON_MS + 80 * DAY_MS)).toHaveLength(1);
  expect(await readNotices(pool, application, null, 10, NOON_MS + 91 * DAY_MS)).toEqual([]);
});
