// Attack: two gateways (or threads) on one store, and a partner with a consenting phone of its own. It asks one about somebody else's phone,
// and the other about its own: that one goes upon the ledger's head as it knew it, and if that has moved it has to go to the store again. A
// refusal is a row and moves it; were being unknown, or not located, to leave it where it was, the partner would tell them apart by time.
import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { formatToken } from '../../src/devices/token.ts';
import { TICK_MS } from '../../src/privacy/coarse-state.ts';
import { DAY_MS } from '../../src/time/spans.ts';
import { addDevice, addPartner, HERE, MAP, openSharingGateway, setGrant } from '../support/sharing.ts';
import { openTestStore } from '../support/store.ts';

/** Batches under the lock, and batches that read first, after one that did not get ahead (sharing/ahead-store.ts), and some. */
const UNTIL_IT_GUESSES = 40;
const clock = { nowMs: Date.UTC(2026, 10, 22, 12, 1) };
const store = await openTestStore();
const setUp = await openSharingGateway(store, { map: MAP, clock });
const { key, application } = await addPartner(store, 'Bus Times');
const [own, refusing, child, silent] = [
  await addDevice(setUp.inChain, clock.nowMs),
  await addDevice(setUp.inChain, clock.nowMs),
  await addDevice(setUp.inChain, clock.nowMs, { ageBand: 'under13' }),
  await addDevice(setUp.inChain, clock.nowMs),
];
await setGrant(setUp.inChain, own, application, clock.nowMs, { expiresAt: clock.nowMs + DAY_MS });
await setGrant(setUp.inChain, refusing, application, clock.nowMs, { state: 'refused', precision: 0 });
await setUp.close();
// A lease that never ends and a feed that is never asked, so that every access that is seen is a question's.
const options = { map: MAP, clock, clocks: { monotonicMs: () => 0, wallMs: () => 0 }, pollMs: 10_000_000 };
const [asked, timed] = [await openSharingGateway(store, options), await openSharingGateway(store, options)];
for (const gateway of [asked, timed]) await gateway.followKeys();
let accesses = 0;
timed.pool.on('acquire', () => accesses++);

/** How often the own phone's gateway goes to the store to tell where that is. */
async function accessesToTellOwn(): Promise<number> {
  accesses = 0;
  const answer = await timed.ask({ key, device: own.token }, HERE);
  expect([answer.statusCode, answer.json().precision]).toEqual([200, 'precise']);
  return accesses;
}

test('whichever way somebody is told nothing, the ledger’s head has moved for another gateway, for the first time in a tick and again', async () => {
  const kinds: [string, string, object][] = [
    ['refused', refusing.token, HERE],
    ['a child', child.token, HERE],
    ['unknown', formatToken(randomBytes(32)), HERE],
    ['not located', silent.token, {}],
  ];
  const told: [string, number, number][] = [];
  for (const [kind, device, body] of kinds) {
    clock.nowMs += TICK_MS;
    const counts: number[] = [];
    for (let again = 0; again < 2; again++) {
      for (let i = 0; i < UNTIL_IT_GUESSES; i++) await accessesToTellOwn();
      expect(await accessesToTellOwn()).toBe(1);
      expect((await asked.ask({ key, device }, body)).statusCode).toBe(404);
      counts.push(await accessesToTellOwn());
    }
    told.push([kind, counts[0], counts[1]]);
  }
  expect(told).toEqual(kinds.map(([kind]) => [kind, 2, 2]));
});
