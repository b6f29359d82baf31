// Two gateways whose clocks are a second apart, at the turn of a tick: what partners put together.
import { cellToLatLng, gridDisk, latLngToCell } from 'h3-js';
import { expect, test } from 'vitest';
import { KIND } from '../../src/disclosures/entry.ts';
import { insertPolicy } from '../../src/policy/store.ts';
import { TICK_MS } from '../../src/privacy/coarse-state.ts';
import { keyOfCell, parentKey } from '../../src/privacy/region-key.ts';
import { FIRST_POLICY } from '../../src/process/first-policy.ts';
import { forgetRegion } from '../../src/rights/me-store.ts';
import { addDevice, addPartner, mapOf, openSharingGateway } from '../support/sharing.ts';
import { openTestStore } from '../support/store.ts';

const HOME = latLngToCell(52.09, 5.12, 7);
const AWAY = gridDisk(HOME, 4).at(-1)!;
const map = mapOf(
  new Set(
    [HOME, AWAY].flatMap((cell) => [2, 3, 4, 5, 6, 7].map((resolution) => parentKey(keyOfCell(cell), resolution))),
  ),
);
function at(cell: string) {
  const [latitude, longitude] = cellToLatLng(cell);
  return { position: { latitude, longitude, accuracy: 20 } };
}
/** The last half second of a quarter of an hour. */
const TURN_MS = Date.UTC(2026, 10, 22, 12, 14, 59, 500);

test('are told one region for each quarter of an hour, whichever gateway they ask, and each telling has its row', async () => {
  const store = await openTestStore();
  const behind = await openSharingGateway(store, { clock: { nowMs: TURN_MS }, map });
  const ahead = await openSharingGateway(store, { clock: { nowMs: TURN_MS + 1_000 }, map });
  const fresh = await openSharingGateway(store, { clock: { nowMs: TURN_MS }, map });
  const [bus, weather] = [await addPartner(store, 'Bus Times'), await addPartner(store, 'Weather')];
  for (const gateway of [behind, ahead, fresh]) await gateway.followKeys();
  const { token } = await addDevice(behind.inChain, TURN_MS);
  const told = new Map<string, Set<string>>();
  const tellings = new Set<string>();
  for (const [gateway, { key }, where] of [
    [behind, bus, HOME],
    [ahead, bus, AWAY],
    [behind, weather, HOME],
    [fresh, bus, HOME],
    [fresh, weather, HOME],
  ] as const) {
    const { region, bucket } = (await gateway.ask({ key, device: token }, at(where))).json();
    told.set(bucket, (told.get(bucket) ?? new Set()).add(region));
    tellings.add(`${key} ${bucket}`);
  }
  expect([...told.values()].map((regions) => regions.size)).toEqual([1, 1]);
  const { rows } = await store.pool.query('select distinct application, tick from ledger where kind = $1', [
    KIND.region,
  ]);
  expect(rows).toHaveLength(tellings.size);
});

test('a region that is forgotten by the gateway behind stays forgotten until the tick ends that the one ahead has begun', async () => {
  const store = await openTestStore();
  await insertPolicy(store.pool, FIRST_POLICY, FIRST_POLICY.effectiveAt);
  const ahead = await openSharingGateway(store, { clock: { nowMs: TURN_MS + 1_000 }, map, people: true });
  const [bus, weather] = [await addPartner(store, 'Bus Times'), await addPartner(store, 'Weather')];
  await ahead.followKeys();
  const { token, id } = await addDevice(ahead.inChain, TURN_MS);
  expect((await ahead.ask({ key: bus.key, device: token }, at(HOME))).statusCode).toBe(200);
  await ahead.inChain(async (client, chain) => {
    await forgetRegion(client, id, TURN_MS);
    chain.append({ at: TURN_MS, kind: KIND.rights, detail: 'rectification' });
    chain.changed(id);
  });
  expect((await ahead.ask({ key: weather.key, device: token }, at(AWAY))).statusCode).toBe(404);
  ahead.clock.nowMs += 15 * 60_000;
  expect((await ahead.ask({ key: weather.key, device: token }, at(AWAY))).statusCode).toBe(200);
});

test('tell one region for each quarter of an hour, however far the clock of one is ahead', async () => {
  for (const aheadMs of [20, 40, 90, 25 * 60].map((minutes) => minutes * 60_000)) {
    const store = await openTestStore();
    const nowMs = Date.now();
    const storeMs = () => nowMs;
    const ahead = await openSharingGateway(store, { clock: { nowMs: nowMs + aheadMs }, map, storeMs, leased: false });
    const right = await openSharingGateway(store, { clock: { nowMs }, map, storeMs, leased: false });
    const bus = await addPartner(store, 'Bus Times');
    for (const gateway of [ahead, right]) await gateway.followKeys();
    const { token } = await addDevice(right.inChain, nowMs);
    const told: string[] = [];
    for (const [gateway, where] of [
      [right, HOME],
      [ahead, AWAY],
      [right, AWAY],
      [ahead, HOME],
      [right, HOME],
      [ahead, AWAY],
      [right, AWAY],
    ] as const)
      told.push((await gateway.ask({ key: bus.key, device: token }, at(where))).json().region);
    // Of this one, and of the next, which the one ahead may have begun.
    expect(told.slice(1)).toEqual(Array(6).fill(told[1]));
    expect(told[1]).not.toBe(told[0]);
    const { rows } = await store.pool.query('select distinct tick from ledger where kind = $1', [KIND.region]);
    expect(rows).toHaveLength(2);
  }
});

test('go on telling where a phone is when the clock of one ran a day ahead and is right again', async () => {
  const store = await openTestStore();
  const nowMs = Date.now();
  const ahead = await openSharingGateway(store, { clock: { nowMs: nowMs + 25 * 3_600_000 }, map, people: true });
  const right = await openSharingGateway(store, { clock: { nowMs }, map, people: true });
  const bus = await addPartner(store, 'Bus Times');
  for (const gateway of [ahead, right]) await gateway.followKeys();
  const [{ token }, forgotten] = [await addDevice(right.inChain, nowMs), await addDevice(right.inChain, nowMs)];
  const ask = (gateway: typeof right, device: string, where: string) =>
    gateway.ask({ key: bus.key, device }, at(where)).then((answer) => answer.json());
  const told = await ask(ahead, token, HOME);
  expect((await ask(ahead, forgotten.token, HOME)).region).toBe(told.region);

  const tickOf = (timeMs: number) => new Date(Math.floor(timeMs / TICK_MS) * TICK_MS).toISOString();
  // Of this quarter of an hour it says what was told last, of the next one where the phone is.
  expect(await ask(right, token, AWAY)).toMatchObject({ region: told.region, bucket: tickOf(nowMs) });
  await right.inChain((client) => forgetRegion(client, forgotten.id, nowMs));
  expect((await right.ask({ key: bus.key, device: forgotten.token }, at(AWAY))).statusCode).toBe(404);
  right.clock.nowMs += TICK_MS;
  const next = await ask(right, token, AWAY);
  expect(next.bucket).toBe(tickOf(nowMs + TICK_MS));
  expect(next.region).not.toBe(told.region);
  expect((await ask(right, forgotten.token, AWAY)).region).toBe(next.region);
});
