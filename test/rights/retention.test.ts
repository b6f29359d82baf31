import { randomBytes, randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { loadDevice } from '../../src/devices/store.ts';
import { hashToken } from '../../src/devices/token.ts';
import { dropAgedRows, LEDGER_TTL_MS } from '../../src/disclosures/store.ts';
import { deleteOldKeys } from '../../src/observations/day-keys-store.ts';
import { expireInbox, RAW_TTL_MS } from '../../src/observations/store.ts';
import { openChallenge, takeProof } from '../../src/rights/challenges-store.ts';
import { eraseUnused } from '../../src/rights/children-store.ts';
import { advanceErasures, isSuppressed, suppressionMarker } from '../../src/rights/erase-store.ts';
import { readNotices } from '../../src/rights/notices-store.ts';
import { answerChallenge } from '../../src/rights/proof.ts';
import { overdueSql, REGISTRY } from '../../src/rights/registry.ts';
import {
  canBeHeld,
  countOverdue,
  endHold,
  listHolds,
  placeHold,
  sweepExpired,
} from '../../src/rights/retention-store.ts';
import { DAY_MS } from '../../src/time/spans.ts';
import { openTestStore } from '../support/store.ts';
import { disclose, eraseDeps, MARKER_KEY, MASTERS, register, START_MS, testChain } from './people.ts';
import { plant } from './plant.ts';
import { readHeld } from './read-held.ts';

const { pool } = await openTestStore();

/** Every job that ends rows, as the gateway and `honeyguide sweep` run them. */
async function sweepAll(nowMs: number): Promise<void> {
  const deps = eraseDeps(pool, () => nowMs);
  await expireInbox(pool, nowMs);
  await deleteOldKeys(pool, nowMs);
  await dropAgedRows(deps.inChain, nowMs);
  await eraseUnused(deps, randomBytes, overdueSql(REGISTRY.devices)!);
  await advanceErasures(deps);
  await sweepExpired(pool, nowMs);
}

test('nothing is overdue after a sweep, however far time has gone, and after the longest time nothing about anybody is left', async () => {
  const person = await register(pool);
  await disclose(pool, (await loadDevice(pool, MASTERS, person.tokenHash, START_MS))!.subject, 'app');
  const asked = openChallenge(person, 'erasure', START_MS, randomBytes);
  const answer = `${asked.nonce}.${answerChallenge(person.proofKey, 'erasure', asked.nonce)}`;
  expect(await takeProof(pool, person, 'erasure', answer, START_MS)).toBe(true);
  await pool.query(`insert into last_locations values ($1, $2, '\\x00')`, [person.device, START_MS + DAY_MS]);
  await pool.query(`insert into coarse_states values ($1, 1, $2, '\\x00')`, [person.device, START_MS + DAY_MS]);
  await pool.query(`insert into rights_requests values ($1, $2, 'access', 'done', $3, $3, null, $3, '\\x00')`, [
    randomUUID(),
    person.device,
    START_MS,
  ]);
  await pool.query(
    `insert into grants (device, application, purpose, record, state, precision, scopes, sources, policy_version, given_at,
       expires_at, event_seq) values ($1, 'app', 'p', $2, 'given', 2, '{}', 31, 'v', $3, $4, 1)`,
    [person.device, randomUUID(), START_MS, START_MS + 180 * DAY_MS],
  );
  await pool.query(`insert into inbox (digest, received_at, trusted, payload) values ($1, $2, false, '\\x00')`, [
    randomUUID(),
    START_MS,
  ]);
  await pool.query(`insert into contributor_keys values ($1, '\\x00')`, [Math.floor(START_MS / DAY_MS)]);
  await pool.query(`insert into bssid_removals values (1, 'code', $1)`, [START_MS]);
  await pool.query(`insert into opt_out_sightings values ('\\x01', $1)`, [START_MS]);
  await pool.query(`insert into suppressions values ('\\x01', $1, $2)`, [START_MS, START_MS + DAY_MS]);
  await pool.query(
    `insert into recipient_notices (application, kind, handles, at) values ('app', 'erased', '{}', $1)`,
    [START_MS],
  );
  await pool.query(`insert into replicas values ($1, 0, to_timestamp($2 / 1000.0))`, [randomUUID(), START_MS]);
  await pool.query(`insert into disclosure_counts values ('app', $1, 2, 5)`, [Math.floor(START_MS / 900_000)]);
  await pool.query(`insert into legal_disclosures values ($1, $2, 'security', 'ana', $3, $3, null, null, '\\x00')`, [
    randomUUID(),
    person.device,
    START_MS,
  ]);

  const legal = randomUUID();
  await pool.query(`insert into legal_disclosures values ($1, $2, 'security', 'ana', $3, $3, null, null, '\\x00')`, [
    legal,
    person.device,
    START_MS,
  ]);
  await pool.query(`insert into legal_approvals values ($1, 'bea', $2)`, [legal, START_MS]);
  const complaint = randomUUID();
  await pool.query(`insert into complaints values ($1, '\\x01', 'closed', null, $2, $2, $2, '\\x00')`, [
    complaint,
    START_MS,
  ]);
  await pool.query(`insert into device_keys values ($1, '\\x01', '\\x01')`, [complaint]);
  await pool.query('insert into privacy_changes values (1, $1, $2)', [person.device, START_MS]);

  const overdueBefore = new Set<string>();
  for (const days of [0, 1, 8, 31, 91, 366, 3 * 365 + 1, 3 * 365 + 400, 7 * 365]) {
    const nowMs = START_MS + days * DAY_MS;
    for (const table of Object.keys(await countOverdue(pool, nowMs))) overdueBefore.add(table);
    await sweepAll(nowMs);
    expect([days, await countOverdue(pool, nowMs)]).toEqual([days, {}]);
  }
  // The test would prove nothing if nothing had ever been overdue.
  expect([...overdueBefore].sort()).toEqual(
    expect.arrayContaining([
      ...['bssid_removals', 'challenges', 'coarse_states', 'contributor_keys', 'device_tokens', 'devices'],
      ...['disclosure_counts', 'erasures', 'inbox', 'last_locations', 'ledger', 'opt_out_sightings'],
      ...['privacy_changes', 'recipient_notices', 'replicas', 'suppressions'],
    ]),
  );
  for (const [table, entry] of Object.entries(REGISTRY)) {
    if (entry.subject === undefined || table === 'ledger') continue;
    const { rows } = await pool.query(`select count(*)::int as n from ${table}`);
    expect([table, rows[0].n]).toEqual([table, 0]);
  }
});

test('the registry and the rooms name the same times to live', () => {
  expect(REGISTRY.ledger.life).toMatchObject({ ttlMs: LEDGER_TTL_MS });
  expect(REGISTRY.inbox.life).toMatchObject({ ttlMs: RAW_TTL_MS });
});

test('a row under a legal hold stays over its time until the hold ends, the others go', async () => {
  const person = await register(pool);
  const ids = [randomUUID(), randomUUID()];
  for (const id of ids)
    await pool.query(`insert into rights_requests values ($1, $2, 'access', 'done', $3, $3, null, $3, '\\x00')`, [
      id,
      person.device,
      START_MS,
    ]);
  const late = START_MS + 4 * 365 * DAY_MS;
  await pool.query('update devices set last_used_day = $1', [Math.floor(late / DAY_MS)]);
  const hold = {
    id: randomUUID(),
    table: 'rights_requests',
    rowKey: ids[0],
    reason: 'case 12',
    placedBy: 'ana',
    endsAt: late + DAY_MS,
  };
  expect(await placeHold(pool, hold, START_MS)).toBe(true);
  expect(await placeHold(pool, { ...hold, id: randomUUID(), rowKey: randomUUID() }, START_MS)).toBe(false);
  expect((await listHolds(pool, START_MS)).map((one) => one.reason)).toEqual(['case 12']);
  const left = async () =>
    (await pool.query('select id from rights_requests where device = $1', [person.device])).rows.map((row) => row.id);
  await sweepExpired(pool, late);
  expect(await left()).toEqual([ids[0]]);
  expect(await countOverdue(pool, late)).not.toHaveProperty('rights_requests');
  expect(await endHold(pool, hold.id, late)).toBe(true);
  expect(await endHold(pool, hold.id, late)).toBe(false);
  await sweepExpired(pool, late + 1);
  expect(await left()).toEqual([]);
});

test('only tables that something would delete from can be held', () => {
  expect(['rights_requests', 'devices', 'consent_events'].map(canBeHeld)).toEqual([true, true, true]);
  expect(['cells', 'policies', 'legal_holds', 'nonsense', 'constructor', 'ledger'].map(canBeHeld)).toEqual(
    Array(6).fill(false),
  );
  // What is deleted by a withdrawal, a correction, a child's mark.
  expect(['last_locations', 'coarse_states', 'visits'].map(canBeHeld)).toEqual([false, false, false]);
});

test('what is over is invisible before anything has swept it', async () => {
  const person = await register(pool);
  const over = START_MS + 400 * DAY_MS;
  // A token, and through it everything of the device.
  expect(await loadDevice(pool, MASTERS, person.tokenHash, START_MS)).not.toBeNull();
  expect(await loadDevice(pool, MASTERS, person.tokenHash, over)).toBeNull();
  // A challenge.
  const { nonce, expiresAt } = openChallenge(person, 'erasure', START_MS, randomBytes);
  const proof = `${nonce}.${answerChallenge(person.proofKey, 'erasure', nonce)}`;
  expect(await takeProof(pool, person, 'erasure', proof, expiresAt)).toBe(false);
  // A suppressed token.
  await pool.query('insert into suppressions values ($1, $2, $3)', [
    suppressionMarker(MARKER_KEY, hashToken(person.token)),
    START_MS,
    START_MS + DAY_MS,
  ]);
  expect(await isSuppressed(pool, MARKER_KEY, person.tokenHash, START_MS + DAY_MS - 1)).toBe(true);
  expect(await isSuppressed(pool, MARKER_KEY, person.tokenHash, START_MS + DAY_MS)).toBe(false);
  // Notices.
  await pool.query(
    `insert into recipient_notices (application, kind, handles, at) values ('late', 'erased', '{}', $1)`,
    [START_MS],
  );
  expect(await readNotices(pool, 'late', null, 10, START_MS + 91 * DAY_MS)).toEqual([]);
  expect(await readNotices(pool, 'late', null, 10, START_MS + 89 * DAY_MS)).toHaveLength(1);
});

test('an export shows no row of any table whose time is over', async () => {
  const person = await register(pool);
  const marks = await plant(pool, person);
  const now = await readHeld(pool, person, START_MS, { forPerson: true });
  const much = await readHeld(pool, person, 9_000_000_000_000, { forPerson: true });
  const timed = Object.keys(now).filter((table) => ['until', 'after', 'days'].includes(REGISTRY[table].life.kind));
  expect(timed.length).toBeGreaterThan(9);
  // Requests that are open and consents never withdrawn have not begun to count.
  for (const table of timed) {
    const open = table === 'parental_consents';
    expect([table, much[table]?.rows.length ?? 0]).toEqual([table, open ? now[table].rows.length : 0]);
  }
  expect(marks.length).toBeGreaterThan(60);
});

test('the ledger of a device can be read back under its pseudonym and by nobody without its key', async () => {
  const person = await register(pool);
  await testChain(pool, () => START_MS)(async () => {});
  const other = await register(pool);
  const { ledger } = await readHeld(pool, person, START_MS, { forPerson: true });
  expect(ledger.rows.every((row) => row.subject !== undefined)).toBe(true);
  const wrong = await readHeld(pool, { device: person.device, key: other.key }, START_MS, {
    forPerson: true,
    tables: ['ledger', 'devices'],
  });
  expect(JSON.stringify(wrong.ledger.rows)).not.toContain(String(ledger.rows[0].subject));
  expect(wrong.devices.rows[0].content).toBe('(does not open)');
});
