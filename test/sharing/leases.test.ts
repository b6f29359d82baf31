import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join as pathOf } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import { describe, expect, test } from 'vitest';
import { KIND } from '../../src/disclosures/entry.ts';
import { LEASE_MS, settleEverywhere, WORST_WAIT_MS } from '../../src/disclosures/settle.ts';
import { CLOCKS } from '../../src/process/sharing.ts';
import {
  createLeaseMemory,
  deviceWord,
  type LeaseReader,
  openLeaseReader,
  openLeaseWriter,
} from '../../src/sharing/lease-memory.ts';
import { joinReplicas } from '../../src/sharing/replica-store.ts';
import { createTickMemory } from '../../src/sharing/tick-memory.ts';
import { openPool } from '../../src/storage/pool.ts';
import { testChain } from '../disclosures/ledger.ts';
import { ROOT } from '../support/root.ts';
import { afterFile, openTestStore } from '../support/store.ts';

const A = '6f0c0000-aaaa-4000-8000-000000000001';
const B = '6f0c0000-bbbb-4000-8000-000000000002';
const store = await openTestStore();
const settling = testChain(store.pool, (seq) => settleEverywhere(store.pool, seq, CLOCKS.monotonicMs));

/** A change of mind about a device; resolves when it is acknowledged. */
function change(device: string | null): Promise<void> {
  return settling(async (_client, chain) => {
    chain.append({ at: 1, kind: KIND.device });
    chain.changed(device);
  });
}

/** A gateway's lease, with clocks that run on by `aheadMs` more than the real ones. */
async function join(pollMs: number) {
  const own = openPool(store.address);
  const ahead = { ms: 0 };
  const clocks = { monotonicMs: () => CLOCKS.monotonicMs() + ahead.ms, wallMs: () => Date.now() + ahead.ms };
  const memory = createLeaseMemory(clocks);
  const errors: unknown[] = [];
  const replica = await joinReplicas({
    ...{ pool: own.pool, id: randomUUID(), lease: openLeaseWriter(memory), clocks, pollMs },
    onError: (error) => errors.push(error),
  });
  afterFile(async () => {
    await replica.stop();
    await own.close();
  });
  const lease = openLeaseReader(memory, clocks);
  const remembered = createTickMemory<string>(lease);
  return { lease, remembered, replica, ahead, errors, pool: own };
}

function keep(gateway: { remembered: ReturnType<typeof createTickMemory<string>> }, device: string): void {
  const { remembered } = gateway;
  remembered.find('app', device, 1, 0);
  remembered.remember(remembered.begin(), device, null, 'app', device, 1, 1_000, `region of ${device}`);
}
const find = (gateway: { remembered: ReturnType<typeof createTickMemory<string>> }, device: string) =>
  gateway.remembered.find('app', device, 1, 0);

test('a gateway that stops while its lease is being renewed has none when it has stopped: nobody waits for it any more', async () => {
  const { lease, replica, ahead } = await join(60_000);
  ahead.ms = 600;
  const renewing = replica.poll();
  await replica.stop();
  await renewing;
  expect(lease.isLive()).toBe(false);
});

describe('two gateways', () => {
  test('have both forgotten a device, and it alone, when its change of mind is acknowledged', async () => {
    const both = [await join(20), await join(30)];
    for (const gateway of both) for (const device of [A, B]) keep(gateway, device);
    for (const gateway of both) expect(find(gateway, A)).toBe(`region of ${A}`);
    await change(A);
    for (const gateway of both) expect([find(gateway, A), find(gateway, B)]).toEqual([null, `region of ${B}`]);
    await change(null);
    for (const gateway of both) expect(find(gateway, B)).toBeNull();
    for (const gateway of both) await gateway.replica.stop();
  });

  test('do not wait for each other once one has stopped', async () => {
    const gone = await join(20);
    await gone.replica.stop();
    expect(gone.lease.isLive()).toBe(false);
    expect((await store.pool.query('select from replicas')).rows).toEqual([]);
    await change(A);
  });
});

describe('a gateway that stalls', () => {
  test('delays an acknowledgement until its lease has run out, and nobody after that', async () => {
    const stalled = await join(1_000_000);
    keep(stalled, A);
    expect(find(stalled, A)).not.toBeNull();
    await change(A);
    expect(find(stalled, A)).toBeNull();
    expect((await store.pool.query('select from replicas')).rows).toEqual([]);
    await change(A);
    await stalled.replica.poll();
    expect(stalled.lease.isLive()).toBe(true);
    expect(find(stalled, A)).toBeNull();
    await stalled.replica.stop();
  });

  test('forgets everybody before it has a lease again', async () => {
    const stalled = await join(1_000_000);
    keep(stalled, A);
    stalled.ahead.ms = 4_000;
    expect(find(stalled, A)).toBeNull();
    await stalled.replica.poll();
    expect(stalled.lease.isLive()).toBe(true);
    expect(find(stalled, A)).toBeNull();
    await stalled.replica.stop();
  });

  test('and lost its store has no lease after its time, and says so once', async () => {
    const cut = await join(20);
    keep(cut, A);
    await cut.pool.close();
    await sleep(100);
    expect(find(cut, A)).not.toBeNull();
    cut.ahead.ms = 2_900;
    expect(find(cut, A)).toBeNull();
    await sleep(100);
    expect(cut.errors).toHaveLength(1);
    await cut.replica.stop();
    await store.pool.query('delete from replicas');
  });
});

describe('a gateway that vanished', () => {
  test.each([0, 1, 20])(
    'is waited for as long as docs say, with a store that takes %i ms, and once',
    async (answerMs) => {
      const clock = { ms: 0 };
      const wait = async (ms: number) => {
        clock.ms += ms;
      };
      const looks: string[] = [];
      const query = (sql: string, values: unknown[]) => {
        clock.ms += answerMs;
        looks.push(sql);
        return store.pool.query(sql, values);
      };
      const slow = { query } as unknown as Pool;
      await store.pool.query('insert into replicas (id, seen, lease_until) values ($1, 0, now())', [randomUUID()]);
      await settleEverywhere(slow, 1, () => clock.ms, wait);
      expect(clock.ms).toBeGreaterThan(LEASE_MS);
      // The first look and the last, one that the time runs out in, and the row's removal.
      expect(clock.ms).toBeLessThanOrEqual(WORST_WAIT_MS + 4 * answerMs);
      const [waitedMs, asked] = [clock.ms, looks.length];
      await settleEverywhere(slow, 1, () => clock.ms, wait);
      expect([clock.ms, looks.length]).toEqual([waitedMs + answerMs, asked + 1]);
      for (const page of ['docs/privacy.md', 'docs/operations.md'])
        expect(readFileSync(pathOf(ROOT, page), 'utf8')).toContain(`${WORST_WAIT_MS / 1_000} s`);
    },
  );

  test('and comes back is waited for anew, by what it says then', async () => {
    const id = randomUUID();
    const clock = { ms: 0 };
    const renew = (seen: number) =>
      store.pool.query(
        `insert into replicas (id, seen, lease_until) values ($1, $2, clock_timestamp())
         on conflict (id) do update set seen = excluded.seen, lease_until = excluded.lease_until`,
        [id, seen],
      );
    const wait = async (ms: number) => {
      const before = clock.ms;
      clock.ms += ms;
      // Once it renews its lease without having heard of the change, and hears of it within that one.
      if (before < 2_000 && clock.ms >= 2_000) await renew(0);
      if (clock.ms >= 2_000 + LEASE_MS) await renew(1);
    };
    await renew(0);
    await settleEverywhere(store.pool, 1, () => clock.ms, wait);
    expect(clock.ms).toBeGreaterThanOrEqual(2_000 + LEASE_MS);
    expect((await store.pool.query('delete from replicas where id = $1', [id])).rowCount).toBe(1);
  });
});

describe('what a thread remembers', () => {
  const clock = { ms: 1_000 };
  const clocks = { monotonicMs: () => clock.ms, wallMs: () => clock.ms };
  function open() {
    const memory = createLeaseMemory(clocks);
    const writer = openLeaseWriter(memory);
    writer.hold(clock.ms + 1_000, clock.ms + 1_000);
    const lease: LeaseReader = openLeaseReader(memory, clocks);
    const remembered = createTickMemory<string>(lease);
    remembered.find('app', A, 1, 0);
    return { writer, lease, remembered };
  }

  test('is nothing that was read before a change of mind came in', () => {
    const { writer, remembered } = open();
    const reading = remembered.begin();
    writer.forget(B);
    writer.forget(A);
    remembered.remember(reading, A, null, 'app', A, 1, 1_000, 'stale');
    expect(remembered.find('app', A, 1, 0)).toBeNull();
    remembered.remember(reading, '00000000-0000-4000-8000-000000000003', null, 'app', 'c', 1, 1_000, 'fine');
    expect(remembered.find('app', 'c', 1, 0)).toBe('fine');
  });

  test('is nothing that was read without a lease, or before one that was taken anew', () => {
    const { writer, remembered } = open();
    writer.end();
    const without = remembered.begin();
    const before = { ...without, wasLive: true };
    writer.forget(null);
    writer.hold(clock.ms + 1_000, clock.ms + 1_000);
    remembered.remember(without, A, null, 'app', A, 1, 1_000, 'stale');
    remembered.remember(before, A, null, 'app', A, 1, 1_000, 'stale');
    expect(remembered.find('app', A, 1, 0)).toBeNull();
  });

  test('is forgotten of whom it is about and of nobody else, by every name, and remembered anew from what is read after', () => {
    const { writer, remembered } = open();
    for (const [room, device] of [
      ['app', A],
      ['other app', A],
      ['app', B],
    ])
      remembered.remember(remembered.begin(), device, null, room, device, 1, 1_000, 'before');
    remembered.remember(remembered.begin(), null, null, '', 'a key', 1, 1_000, 'good');
    writer.forget(A);
    expect([remembered.find('app', A, 1, 0), remembered.find('other app', A, 1, 0)]).toEqual([null, null]);
    expect([remembered.find('app', B, 1, 0), remembered.find('', 'a key', 1, 0)]).toEqual(['before', 'good']);
    writer.forget(B);
    remembered.remember(remembered.begin(), B, null, 'app', B, 1, 1_000, 'after');
    expect(remembered.find('app', B, 1, 0)).toBe('after');
    remembered.remember(remembered.begin(), A, null, 'app', A, 1, 1_000, 'after');
    expect(remembered.find('app', A, 1, 0)).toBe('after');
    writer.forget(null);
    expect([remembered.find('app', A, 1, 0), remembered.find('', 'a key', 1, 0)]).toEqual([null, null]);
  });

  test('for an application is not forgotten with what another was told yes or no, but with a change of the device itself', () => {
    const { writer, remembered } = open();
    const all = [
      ['bus', 'bus'],
      ['shop', 'shop'],
      ['switches', null],
    ] as const;
    const keepAll = () => {
      for (const [name, application] of all)
        remembered.remember(remembered.begin(), A, application, name, A, 1, 1_000, name);
    };
    const kept = () => all.map(([name]) => remembered.find(name, A, 1, 0));
    keepAll();
    writer.forget(A, 'bus');
    // What was remembered for all may have been read with what was said to one.
    expect(kept()).toEqual([null, 'shop', null]);
    keepAll();
    writer.forget(B, 'shop');
    expect(kept()).toEqual(['bus', 'shop', 'switches']);
    writer.forget(A);
    expect(kept()).toEqual([null, null, null]);
  });

  test('for an application is nothing that was read before its own change came in, or one of the device', () => {
    const { writer, remembered } = open();
    const find = () => remembered.find('bus', A, 1, 0);
    for (const [by, isKept] of [
      ['shop', true],
      ['bus', false],
      [null, false],
    ] as const) {
      const reading = remembered.begin();
      writer.forget(A, by);
      writer.forget(B, 'bus');
      remembered.remember(reading, A, 'bus', 'bus', A, 1, 1_000, 'region');
      expect([by, find()]).toEqual([by, isKept ? 'region' : null]);
    }
  });

  test('is nothing while there is no lease, nor what was read while there was none, nor of another tick', () => {
    const { writer, remembered } = open();
    remembered.remember(remembered.begin(), A, null, 'app', A, 1, 1_000, 'region');
    writer.end();
    expect(remembered.find('app', A, 1, 0)).toBeNull();
    const without = remembered.begin();
    writer.hold(clock.ms + 1_000, clock.ms + 1_000);
    expect(remembered.find('app', A, 1, 0)).toBe('region');
    const during = remembered.begin();
    writer.end();
    remembered.remember(during, B, null, 'app', B, 1, 1_000, 'while it ended');
    writer.hold(clock.ms + 1_000, clock.ms + 1_000);
    remembered.remember(without, B, null, 'app', B, 1, 1_000, 'read without');
    remembered.remember(remembered.begin(), B, null, 'app', B, 2, 1_000, 'of the next');
    expect(remembered.find('app', B, 1, 0)).toBeNull();
  });

  test('is as much as it has room for, and as much again in the next tick', () => {
    const few = createTickMemory<string>(open().lease, 2);
    for (const tick of [1, 2]) {
      few.find('app', A, tick, 0);
      for (const name of ['one', 'one', 'two', 'three'])
        few.remember(few.begin(), null, null, 'app', name, tick, 1_000, name);
      expect(['one', 'two', 'three'].map((name) => few.find('app', name, tick, 0))).toEqual(['one', 'two', null]);
    }
  });

  test('ends with the tick, and with the token', () => {
    const { remembered } = open();
    remembered.remember(remembered.begin(), A, null, 'app', A, 1, 500, 'region');
    expect(remembered.find('app', A, 1, 499)).toBe('region');
    expect(remembered.find('app', A, 1, 500)).toBeNull();
    expect(remembered.find('app', A, 2, 0)).toBeNull();
    expect(remembered.find('app', A, 1, 0)).toBeNull();
  });

  test('is all forgotten by a thread that missed more changes than it can tell', () => {
    const { writer, remembered } = open();
    remembered.remember(remembered.begin(), A, null, 'app', A, 1, 1_000, 'region');
    for (let i = 0; i < 1_000; i++) writer.forget(B);
    expect(remembered.find('app', A, 1, 0)).toBe('region');
    for (let i = 0; i < 2_000; i++) writer.forget(B);
    expect(remembered.find('app', A, 1, 0)).toBeNull();
  });

  test('ends by the wall clock too, as on a machine that slept', () => {
    const wall = { ms: 0 };
    const memory = createLeaseMemory({ monotonicMs: () => 0, wallMs: () => wall.ms });
    openLeaseWriter(memory).hold(1_000, 1_000);
    const lease = openLeaseReader(memory, { monotonicMs: () => 0, wallMs: () => wall.ms });
    expect(lease.isLive()).toBe(true);
    wall.ms = 1_000;
    expect(lease.isLive()).toBe(false);
  });

  test('is known of a device by 48 bits of its id', () => {
    expect(deviceWord('ffffffff-ffff-4fff-8fff-ffffffffffff')).toBe(2 ** 48 - 1);
    expect(deviceWord('00000001-0002-4000-8000-000000000000')).toBe(2 ** 16 + 2);
  });
});
