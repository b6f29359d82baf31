// What a phone is shown as, whatever its person, its parent's absence, the operator and time do in whatever order: two gateways
// that remember it, two partners that ask, and a small model of what each may be told. Promises checked: nobody is told more after
// anything that protects; a child's mark and an erasure are never undone by what comes after; what loosens loosens only what
// it is about.
import { randomBytes, randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hashToken } from '../../src/devices/token.ts';
import { KIND } from '../../src/disclosures/entry.ts';
import { setSuspended } from '../../src/partners/registry-store.ts';
import { eraseDepsOf } from '../../src/process/rights.ts';
import { markChild } from '../../src/rights/children-store.ts';
import { beginErasure, findPerson } from '../../src/rights/erase-store.ts';
import { createRights } from '../../src/rights/me-store.ts';
import {
  addDevice,
  addPartner,
  HERE,
  MAP,
  MASTERS,
  openSharingGateway,
  PSEUDONYM_KEY,
  setGrant,
} from '../support/sharing.ts';
import { openTestStore } from '../support/store.ts';

const store = await openTestStore();
const { pool } = store;
const gateways = [
  await openSharingGateway(store, { map: MAP, pollMs: 10 }),
  await openSharingGateway(store, { map: MAP, pollMs: 10 }),
];
const { inChain, clock } = gateways[0];
const partners = [await addPartner(store, 'Bus Times'), await addPartner(store, 'Weather')];
for (const gateway of gateways) await gateway.followKeys();
const deps = eraseDepsOf({ pool, inChain, masters: MASTERS, pseudonymKey: PSEUDONYM_KEY }, () => clock.nowMs);
const rights = createRights({ ...deps, random: randomBytes, newId: randomUUID, tagsOf: async () => [] });

/** 0 nothing, 1 the region, 2 the position. */
type Level = 0 | 1 | 2;
const SAID = { given: 2, region: 1, withdrawn: 1, refused: 0 } as const;
type Said = keyof typeof SAID;
type Step =
  | 'restrict'
  | 'lift'
  | 'object'
  | 'takeBackObjection'
  | 'markChild'
  | 'erase'
  | { readonly suspend: 0 | 1; readonly on: boolean }
  | { readonly say: Said; readonly to: 0 | 1 };
const TIGHTENING = new Set<unknown>(['restrict', 'object', 'markChild', 'erase']);
const tightens = (step: Step): boolean =>
  typeof step === 'string' ? TIGHTENING.has(step) : 'suspend' in step ? step.on : step.say === 'refused';

const partner = fc.constantFrom<0 | 1>(0, 1);
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom<Step>('restrict', 'lift', 'lift', 'object', 'takeBackObjection') },
    { weight: 1, arbitrary: fc.constantFrom<Step>('markChild', 'erase') },
    { weight: 2, arbitrary: fc.record({ suspend: partner, on: fc.boolean() }) },
    {
      weight: 5,
      arbitrary: fc.record({
        say: fc.constantFrom<Said>('given', 'given', 'region', 'withdrawn', 'refused'),
        to: partner,
      }),
    },
  ),
  { minLength: 6, maxLength: 12 },
);

test('nobody is told more after anything that protects, and each is told what was said last and nothing else allows', async () => {
  const seen = [0, 0, 0];
  await fc.assert(
    fc.asyncProperty(steps, async (life) => {
      const device = await addDevice(inChain, clock.nowMs);
      const model = { restricted: false, child: false, erased: false, suspended: [false, false] };
      const said: Said[] = ['withdrawn', 'withdrawn'];
      const person = (await findPerson(pool, MASTERS, device.id))!;
      const presented = { id: device.id, key: Buffer.from(person.key), flags: 0, tokenHash: hashToken(device.token) };

      const told = async (): Promise<Level[]> => {
        const answers: Level[] = [];
        for (const { key } of partners) {
          const [one, other] = await Promise.all(
            gateways.map(async (gateway) => {
              const answer = await gateway.ask({ key, device: device.token }, HERE);
              return answer.statusCode !== 200 ? 0 : answer.json().precision === 'precise' ? 2 : 1;
            }),
          );
          expect(one).toBe(other);
          answers.push(one as Level);
        }
        return answers;
      };
      const allowed = (): Level[] =>
        [0, 1].map((i) => (model.restricted || model.child || model.erased || model.suspended[i] ? 0 : SAID[said[i]]));
      const suspend = async (which: 0 | 1, on: boolean) =>
        await inChain(async (client, chain) => {
          await setSuspended(client, { application: partners[which].application }, on ? clock.nowMs : null);
          chain.append({ at: clock.nowMs, kind: KIND.device, detail: on ? 'suspended' : 'resumed' });
          chain.changed(null);
        });
      const act = async (step: Step): Promise<void> => {
        if (typeof step !== 'string') {
          if ('suspend' in step) {
            await suspend(step.suspend, step.on);
            model.suspended[step.suspend] = step.on;
          } else if (!model.erased) {
            const grant = { state: step.say === 'region' ? 'given' : step.say, precision: SAID[step.say] };
            await setGrant(inChain, device, partners[step.to].application, clock.nowMs, grant);
            said[step.to] = step.say;
          }
        } else if (step === 'markChild') {
          expect(await markChild(deps, device.id)).toBe(!model.erased);
          model.child = true;
        } else if (step === 'erase') {
          expect(await beginErasure(deps, person, 'asked', randomUUID())).toBe(!model.erased);
          model.erased = true;
        } else {
          expect((await rights[step](presented)) === 'gone').toBe(model.erased);
          if (step === 'restrict') model.restricted = true;
          if (step === 'lift') model.restricted = false;
        }
      };

      let before = await told();
      for (const step of life) {
        await act(step);
        const after = await told();
        expect([step, after]).toEqual([step, allowed()]);
        if (tightens(step)) for (const i of [0, 1]) expect(after[i]).toBeLessThanOrEqual(before[i]);
        for (const level of after) seen[level]++;
        before = after;
      }
      for (const which of [0, 1] as const) if (model.suspended[which]) await suspend(which, false);
    }),
    { numRuns: 7, seed: 5 },
  );
  expect(Math.min(...seen)).toBeGreaterThan(10);
});
