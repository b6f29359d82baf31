// What a tick costs the store, over HTTP: several partners asking several gateways about one phone, again and again (DESIGN 6.4).
// A partner's first question to a gateway has to be a row of the ledger, and goes to the store; whatever comes after that in the tick
// comes from memory. The phone's state is written once in a tick, whoever asks, and read by those first questions alone.
import type { Pool } from 'pg';
import { beforeEach, expect, test } from 'vitest';
import { KIND } from '../../src/disclosures/entry.ts';
import { TICK_MS } from '../../src/privacy/coarse-state.ts';
import { addDevice, addPartner, HERE, MAP, openSharingGateway, PURPOSE } from '../support/sharing.ts';
import { openTestStore } from '../support/store.ts';

const clock = { nowMs: Date.UTC(2026, 10, 22, 12, 1) };
const ROUNDS = 10;

const store = await openTestStore();
// A lease that never ends and a feed that is never asked, so that every access that is seen is a question's.
const still = { clocks: { monotonicMs: () => 0, wallMs: () => 0 }, pollMs: 10_000_000 };
const options = { map: MAP, clock, ...still };
const gateways = [await openSharingGateway(store, options), await openSharingGateway(store, options)];
const [{ inChain }] = gateways;
const partners = [
  await addPartner(store, 'Bus Times'),
  await addPartner(store, 'Weather'),
  await addPartner(store, 'Shop'),
];
for (const gateway of gateways) await gateway.followKeys();
// Which rows are written, how often: also what an upsert leaves as it was is no write.
await store.pool.query(`create table seen_writes (device uuid);
  create function note_write() returns trigger language plpgsql as $$
    begin insert into seen_writes values (new.device); return null; end $$;
  create trigger note_write after insert or update on coarse_states for each row execute function note_write()`);

/** Transactions, or queries outside of one, that gateways asked of the store. */
let accesses = 0;
const count = (pool: Pool) => pool.on('acquire', () => accesses++);
for (const gateway of gateways) count(gateway.pool);
beforeEach(() => {
  accesses = 0;
});

const writesOf = async (device: string) =>
  (await store.pool.query('select from seen_writes where device = $1', [device])).rowCount;
const rowsOf = async (tick: number) =>
  (await store.pool.query('select from ledger where kind = $1 and tick = $2', [KIND.region, tick])).rowCount;

async function told(gateway: (typeof gateways)[0], key: string, token: string, body: object = HERE): Promise<string> {
  const answer = await gateway.ask({ key, device: token }, body);
  expect(answer.statusCode).toBe(200);
  return answer.payload;
}

test('a region that is told again costs no access, and the state of a phone one write a tick, whoever asks where', async () => {
  const device = await addDevice(inChain, clock.nowMs);
  for (let i = 0; i < 3; i++) {
    clock.nowMs += TICK_MS;
    accesses = 0;
    const answers = new Set<string>();
    for (const gateway of gateways)
      for (const { key } of partners) {
        const before = accesses;
        answers.add(await told(gateway, key, device.token));
        // Ahead of the lock, which is for precise answers, and under it.
        expect(accesses - before).toBeLessThanOrEqual(2);
      }
    const first = accesses;
    for (let round = 0; round < ROUNDS; round++)
      for (const gateway of gateways)
        for (const { key } of partners) {
          // Where the phone says to be makes no difference either: it is not even located.
          const body = round % 2 === 0 ? HERE : { position: { latitude: 40, longitude: -3, accuracy: 20 } };
          answers.add(await told(gateway, key, device.token, body));
        }
    expect([accesses, answers.size]).toEqual([first, 1]);
    expect(await writesOf(device.id)).toBe(i + 1);
    expect(await rowsOf(Math.floor(clock.nowMs / TICK_MS))).toBe(partners.length);
  }
});

test('all partners asking all gateways at the same moment make one state, and are told it', async () => {
  clock.nowMs += TICK_MS;
  const device = await addDevice(inChain, clock.nowMs);
  const asks = Array.from({ length: 60 }, (_, i) => told(gateways[i % 2], partners[i % 3].key, device.token));
  expect(new Set(await Promise.all(asks)).size).toBe(1);
  expect(await writesOf(device.id)).toBe(1);
  expect(await rowsOf(Math.floor(clock.nowMs / TICK_MS))).toBe(partners.length);
  accesses = 0;
  await Promise.all(Array.from({ length: 60 }, (_, i) => told(gateways[i % 2], partners[i % 3].key, device.token)));
  expect(accesses).toBe(0);
});

test('many phones asked about at once go to the store together', async () => {
  clock.nowMs += TICK_MS;
  const devices = await Promise.all(Array.from({ length: 40 }, () => addDevice(inChain, clock.nowMs)));
  accesses = 0;
  const ask = () => Promise.all(devices.map(({ token }) => told(gateways[0], partners[0].key, token)));
  await ask();
  expect(accesses).toBeLessThan(devices.length / 2);
  accesses = 0;
  await ask();
  expect(accesses).toBe(0);
});

test('who names nobody costs one access a tick and key, for its standing', async () => {
  clock.nowMs += TICK_MS;
  accesses = 0;
  for (let i = 0; i < ROUNDS; i++)
    expect((await gateways[0].ask({ key: partners[0].key, purpose: PURPOSE }, HERE)).statusCode).toBe(200);
  // Counts of such answers go to the store once a second.
  expect(accesses).toBeLessThanOrEqual(2);
});
