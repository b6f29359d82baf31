// Decisions ahead of the ledger's lock, with a change of mind between their reading and their writing, or since what is only
// guessed was last read: the moment in which a grant that is known is no longer one. Over the real store, as a thread has it;
// only that moment is arranged: a change runs once the grants were read, or behind the back of a thread that read them before.
import { createSecretKey, randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import { FLAG } from '../../src/devices/device-contract.ts';
import { openDevice } from '../../src/devices/profile.ts';
import { changeDevice } from '../../src/devices/store.ts';
import { hashToken } from '../../src/devices/token.ts';
import { createInChain } from '../../src/disclosures/chain.ts';
import { createDrafts } from '../../src/disclosures/drafts.ts';
import { KIND } from '../../src/disclosures/entry.ts';
import { readRecipients, setSuspended, unchangedHolders } from '../../src/partners/registry-store.ts';
import { openAnonymityMap } from '../../src/privacy/anonymity-map.ts';
import { CLOCKS } from '../../src/process/sharing.ts';
import { noticeHandle, ownHandlesOf } from '../../src/rights/notice-handle.ts';
import { createDecideAll } from '../../src/sharing/ahead-store.ts';
import type { Ask, Outcome } from '../../src/sharing/decide-store.ts';
import { createLeaseMemory, openLeaseReader, openLeaseWriter } from '../../src/sharing/lease-memory.ts';
import { createOpenedDevices } from '../../src/sharing/opened-devices.ts';
import { createPresented } from '../../src/sharing/presented-store.ts';
import { openPool } from '../../src/storage/pool.ts';
import { verify } from '../disclosures/ledger.ts';
import {
  addDevice,
  addPartner,
  LEDGER_KEY,
  MASTERS,
  mapOf,
  PURPOSE,
  setGrant,
  type TestDevice,
} from '../support/sharing.ts';
import { afterFile, openTestStore } from '../support/store.ts';

const NOW_MS = Date.UTC(2026, 10, 22, 12, 1);
const store = await openTestStore();
const { pool, close } = openPool(store.address, undefined, 0, true);
afterFile(close);
const now = () => NOW_MS;
const chain = { ledgerKey: LEDGER_KEY, now, settle: async () => {} };
const inChain = createInChain({ ...chain, pool: store.pool });
const { application } = await addPartner(store, 'Bus Times');
const { rows: keys } = await store.pool.query('select id from api_keys where application = $1', [application]);
const memory = createLeaseMemory(CLOCKS);
const lease = openLeaseWriter(memory);
lease.hold(CLOCKS.monotonicMs() + 600_000, CLOCKS.wallMs() + 600_000);

/** Runs once, after the grants of the next batch were read and before anything is decided on them. */
let between: (() => Promise<unknown>) | null = null;
let transactions = 0;
let readings = 0;
let damagedIsFine = false;
/** Applications were shown these phones before. */
const presented = createPresented();
const decideAll = createDecideAll(
  {
    ...{ pool, draft: createDrafts(LEDGER_KEY), now, random: randomBytes, mapVersion: 'test-map' },
    unchangedHolders,
    inChain: (work, sent) => {
      transactions++;
      return createInChain({ ...chain, pool, isEager: true })(work, sent);
    },
    openDevice: (row) => openDevice(MASTERS, row),
    opened: createOpenedDevices(openLeaseReader(memory, CLOCKS), () => 1),
    onDamaged: (error) => damagedIsFine || expect(error).toBeUndefined(),
    map: openAnonymityMap(mapOf([]).shared),
    coarseKey: createSecretKey(Buffer.alloc(32, 11)),
    async readRecipients(client, keyIds, nowMs) {
      readings++;
      const recipients = await readRecipients(client, keyIds, nowMs);
      const change = between;
      between = null;
      await change?.();
      return recipients;
    },
  },
  presented,
);

let located = 0;
function askAbout({ token }: TestDevice): Ask {
  return {
    ...{ keyId: keys[0].id, application, purpose: PURPOSE, tokenHash: hashToken(token) },
    locate() {
      located++;
      return { lat: 52.09, lon: 5.12, accuracyM: 20, fallback: '', source: 'gps', sources: 1 };
    },
  };
}
const decide = (...devices: TestDevice[]): Promise<readonly Outcome[]> => decideAll(devices.map(askAbout), () => {});
const kindsOf = (outcomes: readonly Outcome[]) => outcomes.map((outcome) => outcome.kind);

async function granted(): Promise<TestDevice> {
  const device = await addDevice(inChain, NOW_MS);
  await setGrant(inChain, device, application, NOW_MS);
  presented.note([askAbout(device)]);
  return device;
}
async function preciseRows(): Promise<number> {
  const { rows } = await store.pool.query('select count(*)::int as n from ledger where kind = $1', [KIND.precise]);
  return rows[0].n;
}
const flag = (device: TestDevice, bit: number) =>
  inChain((client, ledger) =>
    changeDevice(
      client,
      ledger,
      { masters: MASTERS, random: randomBytes },
      device.id,
      () => ({ flags: bit }),
      'test',
      NOW_MS,
    ),
  );

beforeEach(() => {
  transactions = 0;
  readings = 0;
  located = 0;
});

test('a grant that nobody touches is told by without the lock, with one row each, whether or not the phone was opened before', async () => {
  const [one, two] = [await granted(), await granted()];
  const before = await preciseRows();
  expect(kindsOf(await decide(one, two))).toEqual(['precise', 'precise']);
  expect(kindsOf(await decide(two, one, two))).toEqual(['precise', 'precise', 'precise']);
  expect([transactions, await preciseRows()]).toEqual([0, before + 5]);
  expect((await verify(store.pool)).broken).toBeNull();
});

test('a phone that is shown to an application by its token for the first time is shown under the lock, and the next batch ahead of it', async () => {
  const [device, known] = [await addDevice(inChain, NOW_MS), await granted()];
  await setGrant(inChain, device, application, NOW_MS);
  expect([kindsOf(await decide(known, device)), transactions]).toEqual([['precise', 'precise'], 1]);
  const { rows } = await store.pool.query('select application, handle from notice_handles where device = $1', [
    device.id,
  ]);
  expect(rows).toEqual([{ application: ownHandlesOf(application), handle: noticeHandle(hashToken(device.token)) }]);
  expect([kindsOf(await decide(known, device)), transactions]).toEqual([['precise', 'precise'], 1]);
});

test('two batches of a thread at a time write one behind the other, and none of them under the lock', async () => {
  const devices = [await granted(), await granted()];
  await decide(...devices);
  const before = await preciseRows();
  for (let round = 0; round < 20; round++) {
    const both = await Promise.all([decide(...devices), decide(...devices)]);
    expect(both.flatMap(kindsOf)).toEqual(Array(4).fill('precise'));
  }
  expect([transactions, await preciseRows()]).toEqual([0, before + 80]);
  expect((await verify(store.pool)).broken).toBeNull();
});

test('whoever is told nothing is decided under the lock, so that all of them wait for the same', async () => {
  const [device, restricted] = [await granted(), await granted()];
  await flag(restricted, FLAG.restricted);
  const nobody = { id: '', token: `hgt_${'x'.repeat(43)}` };
  for (const one of [nobody, restricted]) {
    await drainLock(device);
    expect([kindsOf(await decide(one)), transactions]).toEqual([['nothing'], 1]);
  }
});

type Change = [string, (device: TestDevice) => Promise<unknown>];
const changes: Change[] = [
  ['a withdrawal', (device) => setGrant(inChain, device, application, NOW_MS, { state: 'withdrawn' })],
  ['a refusal', (device) => setGrant(inChain, device, application, NOW_MS, { state: 'refused', precision: 0 })],
  ['a restriction', (device) => flag(device, FLAG.restricted)],
  ['the mark of a child', (device) => flag(device, FLAG.child)],
  ['the beginning of an erasure', (device) => flag(device, FLAG.erasing)],
];
const suspend = (atMs: number | null) =>
  inChain(async (client, ledger) => {
    await setSuspended(client, { application }, atMs);
    ledger.append({ at: NOW_MS, kind: KIND.staff, application, detail: 'suspended' });
    ledger.changed(null);
  });

/** A withdrawal that is written, and under way for a while yet; `done` when it is committed. */
async function beginWithdrawal(device: TestDevice): Promise<{ done: Promise<unknown> }> {
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  const done = inChain(async (client, ledger) => {
    ledger.append({ at: NOW_MS, kind: KIND.consent, detail: 'withdrawn' });
    await client.query(`update grants set state = 'withdrawn' where device = $1`, [device.id]);
    ledger.changed(device.id);
    begin();
    await new Promise((resolve) => setTimeout(resolve, 50));
  });
  await begun;
  return { done };
}

describe('between the reading and the writing of a precise answer', () => {
  test.each(changes)('%s is found out, and nothing precise is told nor written', async (_name, change) => {
    const device = await granted();
    await decide(device);
    await decide(device);
    await drainLock(device);
    const before = await preciseRows();
    between = () => change(device);
    const [outcome] = await decide(device);
    expect(outcome.kind).not.toBe('precise');
    expect([transactions, await preciseRows()]).toEqual([1, before]);
    expect((await verify(store.pool)).broken).toBeNull();
  });

  test('a change that is still under way is waited for, and holds', async () => {
    const device = await granted();
    await drainLock(device);
    const before = await preciseRows();
    let changing: Promise<unknown> = Promise.resolve();
    between = async () => {
      changing = (await beginWithdrawal(device)).done;
    };
    const [outcome] = await decide(device);
    await changing;
    expect([outcome.kind, await preciseRows()]).toEqual(['nothing', before]);
  });

  test('a row about somebody else sends the batch under the lock, where nobody is located twice', async () => {
    const [one, two, else_] = [await granted(), await granted(), await granted()];
    await drainLock(one);
    const before = await preciseRows();
    between = () => setGrant(inChain, else_, application, NOW_MS, { state: 'withdrawn' });
    expect(kindsOf(await decide(one, two))).toEqual(['precise', 'precise']);
    expect([transactions, located, await preciseRows()]).toEqual([1, 2, before + 2]);
    expect((await verify(store.pool)).broken).toBeNull();
  });

  test('the suspension of the application is found out', async () => {
    const device = await granted();
    await drainLock(device);
    between = () => suspend(NOW_MS);
    expect([kindsOf(await decide(device)), transactions]).toEqual([['nothing'], 1]);
    await suspend(null);
  });
});

describe('what was read before is only a guess', () => {
  test('that is right while nobody changes anything: batches read nothing before they write', async () => {
    const devices = [await granted(), await granted()];
    await drainGuesses(devices[0]);
    await decide(...devices);
    const before = await preciseRows();
    readings = 0;
    for (let round = 0; round < 20; round++)
      expect((await Promise.all([decide(...devices), decide(devices[1])])).flatMap(kindsOf)).toEqual(
        Array(3).fill('precise'),
      );
    expect([readings, transactions, await preciseRows()]).toEqual([0, 0, before + 60]);
    expect((await verify(store.pool)).broken).toBeNull();
  });

  test("by the other application's grant nobody is told", async () => {
    const other = await addPartner(store, 'Weather');
    const { rows } = await store.pool.query('select id from api_keys where application = $1', [other.application]);
    const device = await granted();
    await drainGuesses(device);
    // Known, and a holder of a key that is known too.
    await decideAll([{ ...askAbout(device), keyId: rows[0].id, application: other.application }], () => {});
    await drainGuesses(device);
    const [outcome] = await decideAll(
      [{ ...askAbout(device), keyId: rows[0].id, application: other.application }],
      () => {},
    );
    expect(outcome.kind).not.toBe('precise');
  });

  const more: Change[] = [
    ...changes,
    [
      'a token that was ended',
      (device) =>
        inChain(async (client, ledger) => {
          await client.query('delete from device_tokens where device = $1', [device.id]);
          ledger.append({ at: NOW_MS, kind: KIND.device, detail: 'tokenEnded' });
          ledger.changed(device.id);
        }),
    ],
    ['the suspension of the application', () => suspend(NOW_MS)],
    // Nothing of ours does these without a row in the ledger; whoever has the database's password can.
    ...[
      `update grants set state = 'withdrawn' where device = $1`,
      'update grants set expires_at = 1 where device = $1',
      'update grants set precision = 1 where device = $1',
      `update grants set scopes = '{}' where device = $1`,
      'delete from grants where device = $1',
      `update devices set flags = flags | ${FLAG.restricted} where id = $1`,
      `update devices set sealed = sealed || '\\x00' where id = $1`,
      'update devices set last_used_day = 1 where id = $1',
      'update device_tokens set expires_at = 1 where device = $1',
      'delete from device_keys where device = $1',
    ].map((sql): Change => [`behind the ledger's back: ${sql}`, (device) => store.pool.query(sql, [device.id])]),
  ];

  test.each(more)('%s makes it wrong, and nothing precise is told nor written', async (_name, change) => {
    const device = await granted();
    await drainGuesses(device);
    const before = await preciseRows();
    await change(device);
    damagedIsFine = true;
    const [outcome] = await decide(device);
    damagedIsFine = false;
    expect(outcome.kind).not.toBe('precise');
    expect([readings, await preciseRows()]).toEqual([expect.any(Number), before]);
    expect(readings).toBeGreaterThan(0);
    expect((await verify(store.pool)).broken).toBeNull();
    await suspend(null);
  });

  test.each([
    ['a key that was revoked', 'update api_keys set revoked_at = 1 where id = $1'],
    ['a key that ran out', 'update api_keys set expires_at = 1 where id = $1'],
    [
      'a partner without a contact',
      'update partners set contact = null where id = (select partner from applications join api_keys k on k.application = applications.id where k.id = $1)',
    ],
  ])('%s is told nothing', async (_name, sql) => {
    const holder = await addPartner(store, `Holder ${_name}`);
    const { rows } = await store.pool.query('select id from api_keys where application = $1', [holder.application]);
    const device = await addDevice(inChain, NOW_MS);
    await setGrant(inChain, device, holder.application, NOW_MS);
    await drainGuesses(await granted());
    const ask = { ...askAbout(device), keyId: rows[0].id, application: holder.application };
    presented.note([ask]);
    expect(kindsOf(await decideAll([ask], () => {}))).toEqual(['precise']);
    readings = 0;
    expect(kindsOf(await decideAll([ask], () => {}))).toEqual(['precise']);
    expect(readings).toBe(0);
    await store.pool.query(sql, [rows[0].id]);
    const before = await preciseRows();
    const [outcome] = await decideAll([ask], () => {});
    expect([outcome.kind, await preciseRows()]).toEqual([expect.not.stringContaining('precise'), before]);
  });

  test('a change that is still under way is waited for, and holds', async () => {
    const device = await granted();
    await drainGuesses(device);
    const before = await preciseRows();
    const { done } = await beginWithdrawal(device);
    const [outcome] = await decide(device);
    await done;
    expect([outcome.kind, await preciseRows()]).toEqual(['nothing', before]);
  });

  test('a grant that was given anew under another policy is written down with that one', async () => {
    const device = await granted();
    await drainGuesses(device);
    const versionOf = async () => {
      const { rows } = await store.pool.query('select policy_version as v from ledger order by seq desc limit 1');
      return rows[0].v;
    };
    await decide(device);
    const said = await versionOf();
    await store.pool.query(`update grants set policy_version = '2026-11-01' where device = $1`, [device.id]);
    expect(kindsOf(await decide(device))).toEqual(['precise']);
    expect([said, await versionOf()]).toEqual([expect.not.stringContaining('2026-11-01'), '2026-11-01']);
  });
});

describe('the connection of a batch, that the one behind it goes by too', () => {
  const onSamePool = createInChain({ ...chain, pool });
  const noteSomething = () =>
    onSamePool(async (_client, ledger) => {
      ledger.append({ at: NOW_MS, kind: KIND.refused, application, tick: 1, detail: 'purposeNotRegistered' });
    });

  test("is nobody else's before that is written: no precise answer is part of a transaction that may be undone", async () => {
    const device = await granted();
    for (let round = 0; round < 3; round++) {
      await drainLock(device);
      await drainGuesses(device);
      const before = await preciseRows();
      const first = decide(device);
      // Long enough for what follows to be sent before it is written.
      const second = decide(...Array(250).fill(device));
      const told = [await first];
      const noting = noteSomething();
      told.push(await decide(device), await second);
      await noting;
      expect(told.flatMap(kindsOf)).toEqual(Array(252).fill('precise'));
      expect(await preciseRows()).toBe(before + 252);
      expect((await verify(store.pool)).broken).toBeNull();
      expect(pool.idleCount).toBe(pool.totalCount);
    }
  });
});

/** Asks until batches go ahead again, reading first: after one that could not, some wait for the lock. */
async function drainLock(device: TestDevice): Promise<void> {
  await askUntil(device, () => transactions === 0);
  lease.forget(null);
  located = 0;
}

/** Asks until batches are guessed again. */
async function drainGuesses(device: TestDevice): Promise<void> {
  await askUntil(device, () => readings + transactions === 0);
}

/** More than batches ever keep to the other ways. */
const MAX_ASKED = 100;

async function askUntil(device: TestDevice, isSo: () => boolean): Promise<void> {
  for (let i = 0; i < MAX_ASKED; i++) {
    [transactions, readings] = [0, 0];
    await decide(device);
    if (isSo()) return;
  }
  throw new Error('batches never went ahead again');
}
