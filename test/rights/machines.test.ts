// The state machines of this room whose state lies in SQL, each against a small model: whatever is done in whatever order, only
// what the model allows happens, and what is over stays over. Requests have theirs in request.test.ts, consent in
// test/consent/replay.test.ts, what a phone is shown as in tightening.test.ts, tokens in test/devices/token-life.test.ts.
import { randomBytes, randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  COMPLAINT_STATES,
  type ComplaintState,
  fileComplaint,
  findComplaint,
  listComplaints,
  moveComplaint,
} from '../../src/rights/complaints-store.ts';
import { approveLegal, findLegal, noteHandedOver, requestLegal } from '../../src/rights/legal-store.ts';
import { PROOF_TTL_MS, REQUEST_TTL_MS } from '../../src/rights/registry-map.ts';
import { addMonths } from '../../src/rights/request.ts';
import { endHold, listHolds, placeHold, sweepExpired } from '../../src/rights/retention-store.ts';
import { addStaff } from '../../src/rights/staff-store.ts';
import {
  barredAmong,
  confirmRemoval,
  listRemovals,
  noteRefusals,
  requestRemoval,
  settleRemovals,
} from '../../src/rights/store.ts';
import { transact } from '../../src/storage/transaction.ts';
import { DAY_MS } from '../../src/time/spans.ts';
import { AT_REST } from '../support/at-rest.ts';
import { openTestStore } from '../support/store.ts';
import { MASTERS, register, START_MS, testChain } from './people.ts';
import { plant } from './plant.ts';

const { pool } = await openTestStore();
const wait = (maxDays: number) => fc.record({ kind: fc.constant('wait' as const), days: fc.nat({ max: maxDays }) });
/** Always the same lives, so that a run that passes passes again. */
const LIVES = { numRuns: 8, seed: 5 };

/** Which state of a complaint may follow which, as R7 tells it. */
const FOLLOWS: Readonly<Record<ComplaintState, readonly ComplaintState[]>> = {
  received: ['answered'],
  answered: ['dissatisfied', 'closed'],
  dissatisfied: ['answered'],
  closed: [],
};

test('a complaint goes from answer to answer and is closed once, a month after the last, due a month after it was last said not to satisfy', async () => {
  const deps = { pool, masters: MASTERS, random: randomBytes, newId: randomUUID };
  const move = fc.record({
    kind: fc.constant('move' as const),
    to: fc.constantFrom(...COMPLAINT_STATES),
    answer: fc.constantFrom(null, 'an answer'),
    twice: fc.boolean(),
  });
  const life = fc.array(fc.oneof({ weight: 2, arbitrary: move }, { weight: 1, arbitrary: wait(60) }), {
    minLength: 8,
    maxLength: 16,
  });
  let closed = 0;
  await fc.assert(
    fc.asyncProperty(life, async (steps) => {
      let now = START_MS;
      const said = { text: 'no', replyTo: null, jurisdiction: null };
      const { ticket, complaint } = await fileComplaint(deps, said, now);
      const model = { state: 'received' as ComplaintState, dueAt: addMonths(now, 1), endedAt: null as number | null };
      const answers: string[] = [];
      for (const step of steps) {
        if (step.kind === 'wait') {
          now += step.days * DAY_MS;
          continue;
        }
        const { to, answer } = step;
        const isTooSoon = to === 'closed' && now < (model.endedAt ?? now) + 30 * DAY_MS;
        const isAllowed = FOLLOWS[model.state].includes(to) && !isTooSoon;
        if (isAllowed && to === 'closed') closed++;
        // Two of the staff at the same moment: no state follows itself, so one of them at most.
        const moved = await Promise.all(
          Array.from({ length: step.twice ? 2 : 1 }, () => moveComplaint(deps, complaint.id, to, answer, now)),
        );
        expect(moved.filter(Boolean)).toHaveLength(isAllowed ? 1 : 0);
        if (isAllowed) {
          model.state = to;
          model.endedAt = to === 'dissatisfied' ? null : now;
          if (to === 'dissatisfied') model.dueAt = addMonths(now, 1);
          if (answer !== null) answers.push(answer);
        }
        expect(await findComplaint(deps, ticket, now)).toMatchObject({ ...model, answers, receivedAt: START_MS });
        const waits = model.state === 'received' || model.state === 'dissatisfied';
        expect((await listComplaints(pool)).some(({ id }) => id === complaint.id)).toBe(waits);
      }
    }),
    { ...LIVES, numRuns: 24 },
  );
  expect(closed).toBeGreaterThan(1);
});

test('a disclosure under law is carried out once, before its end, after two others than who asked approved it', async () => {
  for (const id of ['asker', 'ana', 'bob']) await addStaff(pool, id, ['legal-approver'], randomBytes, START_MS);
  const step = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant('approve' as const), who: fc.constantFrom('asker', 'ana', 'bob') }),
    },
    { weight: 3, arbitrary: fc.constant({ kind: 'execute' as const }) },
    { weight: 1, arbitrary: wait(4) },
  );
  let carriedOut = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 10 }), async (steps) => {
      let now = START_MS;
      const person = await register(pool);
      const id = randomUUID();
      const endsAt = now + 5 * DAY_MS;
      const scope = { reference: 'r', authority: 'a', statute: 's', fields: ['devices'], from: 0, to: endsAt };
      const wanted = {
        id,
        device: person.device,
        basis: 'legal_obligation' as const,
        endsAt,
        gagUntil: null,
        ...scope,
      };
      const inChain = testChain(pool, () => now);
      await inChain((client, chain) => requestLegal(client, chain, MASTERS, wanted, 'asker', randomBytes, now));
      const approvedBy = new Set<string>();
      let executedAt: number | null = null;
      for (const one of steps) {
        if (one.kind === 'wait') now += one.days * DAY_MS;
        else if (one.kind === 'approve') {
          const isAllowed = one.who !== 'asker' && now < endsAt;
          const problem = await transact(pool, (client) => approveLegal(client, id, one.who, now));
          expect(problem === null).toBe(isAllowed);
          if (isAllowed) approvedBy.add(one.who);
        } else {
          const isAllowed = executedAt === null && now < endsAt && approvedBy.size >= 2;
          const refused = await inChain((client, chain) => noteHandedOver(client, chain, MASTERS, id, now));
          expect(refused === null).toBe(isAllowed);
          if (refused !== null) continue;
          executedAt = now;
          carriedOut++;
        }
        expect(await findLegal(pool, id)).toMatchObject({ executedAt, approvedBy: [...approvedBy].sort(), endsAt });
      }
    }),
    { ...LIVES, numRuns: 14 },
  );
  expect(carriedOut).toBeGreaterThan(1);
});

test('a row that is over stays as long as any hold on it, goes with the next sweep, and a hold that ended never holds again', async () => {
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('hold' as const), days: fc.integer({ min: 1, max: 9 }) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('end' as const), which: fc.nat({ max: 2 }) }) },
    { weight: 2, arbitrary: fc.constant({ kind: 'sweep' as const }) },
    { weight: 3, arbitrary: wait(6) },
  );
  let outlived = 0;
  let releasedAtLast = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 6, maxLength: 14 }), async (steps) => {
      let now = START_MS;
      const person = await register(pool);
      await plant(pool, person, ['challenges']);
      const { rows } = await pool.query(
        'update challenges set expires_at = $2 where device = $1 returning nonce_hash::text as key',
        [person.device, now - 1],
      );
      const holds: { id: string; endsAt: number }[] = [];
      let isThere = true;
      for (const one of steps) {
        const inForce = () => holds.filter((hold) => hold.endsAt > now);
        if (one.kind === 'wait') now += one.days * DAY_MS;
        else if (one.kind === 'hold') {
          const hold = { id: randomUUID(), endsAt: now + one.days * DAY_MS };
          const wanted = { ...hold, table: 'challenges', rowKey: rows[0].key, reason: 'case', placedBy: 'ana' };
          expect(await placeHold(pool, wanted, now)).toBe(isThere);
          if (isThere) holds.push(hold);
        } else if (one.kind === 'end') {
          const hold = holds[one.which];
          if (hold === undefined) continue;
          expect(await endHold(pool, hold.id, now)).toBe(hold.endsAt > now);
          hold.endsAt = Math.min(hold.endsAt, now);
        } else {
          await sweepExpired(pool, now);
          if (isThere && inForce().length > 0) outlived++;
          if (isThere && inForce().length === 0 && holds.length > 0) releasedAtLast++;
          isThere = isThere && inForce().length > 0;
        }
        const left = await pool.query('select 1 from challenges where device = $1', [person.device]);
        expect(left.rows.length).toBe(isThere ? 1 : 0);
        const listed = (await listHolds(pool, now)).filter(({ id }) => holds.some((hold) => hold.id === id));
        expect(listed.map(({ id }) => id).sort()).toEqual(
          inForce()
            .map(({ id }) => id)
            .sort(),
        );
      }
    }),
    { ...LIVES, numRuns: 24 },
  );
  expect(Math.min(outlived, releasedAtLast)).toBeGreaterThan(1);
});

test('an access point is barred by a request with its proof in time, by nothing less, and for good', async () => {
  const keys = { macs: AT_REST.macs, barredKey: Buffer.alloc(32, 3) };
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.constant({ kind: 'request' as const }) },
    { weight: 2, arbitrary: fc.constant({ kind: 'prove' as const }) },
    { weight: 3, arbitrary: fc.constant({ kind: 'settle' as const }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('confirm' as const), isRight: fc.boolean() }) },
    { weight: 3, arbitrary: wait(20) },
  );
  let mac = 0x02_1a_2b_00_00_00;
  let barredByProof = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 14 }), async (steps) => {
      let now = START_MS;
      mac++;
      let waiting: { code: string; at: number } | null = null;
      let provenAt: number | null = null;
      let isBarred = false;
      for (const one of steps) {
        if (one.kind === 'wait') now += one.days * DAY_MS;
        else if (one.kind === 'request') {
          const code = await requestRemoval(pool, keys.macs, mac, randomBytes(6).toString('hex'), now);
          if (waiting !== null) expect(code).toBe(waiting.code);
          waiting = { code, at: now };
        } else if (one.kind === 'prove') {
          await noteRefusals(pool, [mac], keys.barredKey, now);
          provenAt = now;
        } else if (one.kind === 'confirm') {
          const isDone = await confirmRemoval(pool, one.isRight ? (waiting?.code ?? 'none') : 'wrong', keys, now);
          expect(isDone).toBe(one.isRight && waiting !== null);
          if (isDone) [isBarred, waiting] = [true, null];
        } else {
          if (waiting !== null && waiting.at < now - REQUEST_TTL_MS) waiting = null;
          if (provenAt !== null && provenAt < now - PROOF_TTL_MS) provenAt = null;
          const isDue: boolean = waiting !== null && provenAt !== null;
          expect(await settleRemovals(pool, keys, now)).toBe(isDue ? 1 : 0);
          if (isDue) [isBarred, waiting] = [true, null];
          if (isDue) barredByProof++;
        }
        expect((await barredAmong(pool, [mac], keys.barredKey)).has(mac)).toBe(isBarred);
        expect((await listRemovals(pool)).map(({ code }) => code)).toEqual(waiting === null ? [] : [waiting.code]);
      }
      await pool.query('delete from bssid_removals');
      await pool.query('delete from opt_out_sightings');
    }),
    { ...LIVES, numRuns: 14 },
  );
  expect(barredByProof).toBeGreaterThan(2);
});
