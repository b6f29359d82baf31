// The life of tokens on a real store against a small model: of a phone's, and of those it makes for applications. Whatever is done
// in whatever order, a token opens until the model says that it ended, and never again after that.
import { randomBytes, randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  APPLICATION_TOKEN_TTL_MS,
  endApplicationTokens,
  issueApplicationToken,
  listApplicationTokens,
} from '../../src/devices/application-token-store.ts';
import { endTokens, loadDevice, lockDevice, ROTATION_MS, rotateToken, TOKEN_TTL_MS } from '../../src/devices/store.ts';
import { hashToken } from '../../src/devices/token.ts';
import { MINUTE_MS } from '../../src/time/spans.ts';
import { MASTERS, register, START_MS, testChain } from '../rights/people.ts';
import { addTestApplication } from '../support/people.ts';
import { openTestStore } from '../support/store.ts';

const store = await openTestStore();
const { pool } = store;
const applications = [await addTestApplication(store), await addTestApplication(store)];
const which = fc.nat({ max: 5 });
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('rotate' as const), which }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('issue' as const), which, application: fc.nat({ max: 1 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('endOne' as const), which }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'endAll' as const }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('wait' as const), minutes: fc.constantFrom(1, 4, 9, 11, 100 * 24 * 60) }),
  },
);

type Own = { token: string; endsAt: number };
type OfApplication = { id: string; application: string; endsAt: number };

test('a token opens until it is replaced for ten minutes, taken back or run out, and what ended never opens again', async () => {
  let replaced = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 16 }), async (steps) => {
      let now = START_MS;
      const inChain = testChain(pool, () => now);
      const person = await register(pool, now);
      const own: Own[] = [{ token: person.token, endsAt: now + TOKEN_TTL_MS }];
      const others: OfApplication[] = [];
      const ended = new Set<string>();
      for (const one of steps) {
        const presented = own[(one as { which?: number }).which ?? 0];
        if (one.kind === 'wait') now += one.minutes * MINUTE_MS;
        else if (one.kind === 'endAll') {
          await inChain(async (client, chain) => {
            const device = (await lockDevice(client, MASTERS, person.device))!;
            await endTokens(client, chain, device, now);
          });
          for (const token of [...own, ...others]) token.endsAt = Math.min(token.endsAt, now);
        } else if (one.kind === 'endOne') {
          const target = others[one.which];
          if (target === undefined) continue;
          const subject = Buffer.alloc(16);
          await inChain((client, chain) =>
            endApplicationTokens(client, chain, { id: person.device, subject }, target.id, now),
          );
          target.endsAt = Math.min(target.endsAt, now);
        } else if (presented === undefined) continue;
        else if (one.kind === 'rotate') {
          const issued = await inChain(async (client, chain) => {
            const device = (await lockDevice(client, MASTERS, person.device))!;
            return await rotateToken(client, chain, randomBytes, device, hashToken(presented.token), now);
          });
          expect(issued !== null).toBe(presented.endsAt > now);
          if (issued === null) continue;
          for (const token of own) token.endsAt = Math.min(token.endsAt, token === presented ? now + ROTATION_MS : now);
          own.push({ token: issued.token, endsAt: now + TOKEN_TTL_MS });
          replaced++;
        } else {
          const application = applications[one.application];
          const maker = { device: person.device, tokenHash: hashToken(presented.token), proven: true };
          const deps = { masters: MASTERS, random: randomBytes, newId: randomUUID };
          const issued = await inChain((client, chain) =>
            issueApplicationToken(client, chain, deps, maker, application, now),
          );
          // A token that was itself replaced makes none.
          expect('token' in issued).toBe(presented.endsAt > now + ROTATION_MS);
          if (!('token' in issued)) continue;
          const same = others.filter((token) => token.application === application && token.endsAt > now);
          const newest = same.reduce((best, token) => (token.endsAt > best.endsAt ? token : best), same[0]);
          for (const token of same) token.endsAt = token === newest ? Math.min(token.endsAt, now + ROTATION_MS) : now;
          others.push({ id: issued.id, application, endsAt: now + APPLICATION_TOKEN_TTL_MS });
        }
        for (const { token, endsAt } of own) {
          const opens = (await loadDevice(pool, MASTERS, hashToken(token), now)) !== null;
          expect(opens).toBe(endsAt > now);
          expect(opens && ended.has(token)).toBe(false);
          if (!opens) ended.add(token);
        }
        const live = others.filter(({ endsAt }) => endsAt > now).map(({ id }) => id);
        const listed = (await listApplicationTokens(pool, person.device, now)).map(({ id }) => id);
        expect(listed.sort()).toEqual(live.sort());
      }
    }),
    { numRuns: 16, seed: 5 },
  );
  expect(replaced).toBeGreaterThan(5);
});
