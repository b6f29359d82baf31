// Decisions ahead of the ledger's lock, with a change of mind between their reading and their writing: the moment in which a
// grant that was read is no longer one. Over the real store, as a thread has it; only that moment is arranged, by a change that
// runs once the grants were read.
import { createSecretKey, randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import { FLAG } from '../../src/devices/device-contract.ts';
import { openDevice } from '../../src/devices/profile.ts';
import { changeDevice } from '../../src/devices/store.ts';
import { hashToken } from '../../src/devices/token.ts';
import { createInChain } from '../../src/disclosures/chain.ts';
import { createDrafts } from '../../src/disclosures/drafts.ts';
import { KIND } from '../../src/disclosures/entry.ts';
import { readRecipients, setSuspended } from '../../src/partners/registry-store.ts';
import { openAnonymityMap } from '../../src/privacy/anonymity-map.ts';
import { CLOCKS } from '../../src/process/sharing.ts';
import { createDecideAll } from '../../src/sharing/ahead-store.ts';
import type { Ask, Outcome } from '../../src/sharing/decide-store.ts';
import { createLeaseMemory, openLeaseReader, openLeaseWriter } from '../../src/sharing/lease-memory.ts';
import { createOpenedDevices } from '../../src/sharing/opened-devices.ts';
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
openLeaseWriter(memory).hold(CLOCKS.monotonicMs() + 60_000, CLOCKS.wallMs() + 60_000);

/** Runs once, after the grants of the next batch were read and before anything is decided on them. */
let between: (() => Promise<unknown>) | null = null;
let transactions = 0;
const decideAll = createDecideAll({
  ...{ pool, draft: createDrafts(LEDGER_KEY), now, random: randomBytes, mapVersion: 'test-map' },
  inChain: (work, sent) => {
    transactions++;
    return createInChain({ ...chain, pool, isEager: true })(work, sent);
  },
  openDevice: (row) => openDevice(MASTERS, row),
  opened: createOpenedDevices(openLeaseReader(memory, CLOCKS), () => 1),
  onDamaged: (error) => expect(error).toBeUndefined(),
  map: openAnonymityMap(mapOf([]).shared),
  coarseKey: createSecretKey(Buffer.alloc(32, 11)),
  async readRecipients(client, keyIds, nowMs) {
    const recipients = await readRecipients(client, keyIds, nowMs);
    const change = between;
    between = null;
    await change?.();
    return recipients;
  },
});

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

describe('between the reading and the writing of a precise answer', () => {
  const changes: [string, (device: TestDevice) => Promise<unknown>][] = [
    ['a withdrawal', (device) => setGrant(inChain, device, application, NOW_MS, { state: 'withdrawn' })],
    ['a refusal', (device) => setGrant(inChain, device, application, NOW_MS, { state: 'refused', precision: 0 })],
    ['a restriction', (device) => flag(device, FLAG.restricted)],
    ['the mark of a child', (device) => flag(device, FLAG.child)],
    ['the beginning of an erasure', (device) => flag(device, FLAG.erasing)],
  ];

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
    let finish = () => {};
    const held = new Promise<void>((resolve) => {
      finish = resolve;
    });
    let changing: Promise<unknown> = Promise.resolve();
    between = async () => {
      await new Promise<void>((begun) => {
        changing = inChain(async (client, ledger) => {
          ledger.append({ at: NOW_MS, kind: KIND.consent, detail: 'withdrawn' });
          await client.query(`update grants set state = 'withdrawn' where device = $1`, [device.id]);
          ledger.changed(device.id);
          begun();
          await held;
        });
      });
      setTimeout(finish, 50);
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
    between = () =>
      inChain(async (client, ledger) => {
        await setSuspended(client, { application }, NOW_MS);
        ledger.append({ at: NOW_MS, kind: KIND.staff, application, detail: 'suspended' });
        ledger.changed(null);
      });
    expect([kindsOf(await decide(device)), transactions]).toEqual([['nothing'], 1]);
  });
});

/** Asks until batches go ahead again: after one that could not, some wait for the lock. */
async function drainLock(device: TestDevice): Promise<void> {
  for (;;) {
    transactions = 0;
    await decide(device);
    if (transactions === 0) break;
  }
  located = 0;
}
