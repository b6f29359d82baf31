// Guesses where they could go wrong: time that passes without a row, tokens of applications beside phones' own, a phone that two
// applications ask about, statements that fail or wait half-way, and threads that write between each other's. Over the real store,
// with threads that share nothing but it.
import { createSecretKey, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { openDevice } from '../../src/devices/profile.ts';
import { formatApplicationToken, hashToken } from '../../src/devices/token.ts';
import { createInChain } from '../../src/disclosures/chain.ts';
import { createDrafts, GUARD_FROM, writingIf } from '../../src/disclosures/drafts.ts';
import { KIND } from '../../src/disclosures/entry.ts';
import { readEnds } from '../../src/disclosures/store.ts';
import { readRecipients, unchangedHolders } from '../../src/partners/registry-store.ts';
import { openAnonymityMap } from '../../src/privacy/anonymity-map.ts';
import { CLOCKS } from '../../src/process/sharing.ts';
import { createDecideAll } from '../../src/sharing/ahead-store.ts';
import type { Ask } from '../../src/sharing/decide-store.ts';
import { createLeaseMemory, openLeaseReader, openLeaseWriter } from '../../src/sharing/lease-memory.ts';
import { createOpenedDevices } from '../../src/sharing/opened-devices.ts';
import { openPool } from '../../src/storage/pool.ts';
import { HOUR_MS } from '../../src/time/spans.ts';
import { entry, verify } from '../disclosures/ledger.ts';
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
import { afterFile, ON_POSTGRES, openTestStore } from '../support/store.ts';

const START_MS = Date.UTC(2026, 10, 22, 12, 1);
let nowMs = START_MS;
const now = () => nowMs;
const store = await openTestStore();
const chain = { ledgerKey: LEDGER_KEY, now, settle: async () => {} };
const inChain = createInChain({ ...chain, pool: store.pool });
const memory = createLeaseMemory(CLOCKS);
const lease = openLeaseWriter(memory);
lease.hold(CLOCKS.monotonicMs() + 600_000, CLOCKS.wallMs() + 600_000);

type Partner = { readonly application: string; readonly keyId: string };
async function partner(name: string): Promise<Partner> {
  const { application } = await addPartner(store, name);
  const { rows } = await store.pool.query('select id from api_keys where application = $1', [application]);
  return { application, keyId: rows[0].id };
}
const buses = await partner('Bus Times');
const weather = await partner('Weather');

/** Decides as a server thread does; `hold` is part of what its guesses' statements look at. */
function openThread(hold: (count: string) => string = (count) => count) {
  const { pool, close } = openPool(store.address, undefined, 0, true);
  afterFile(close);
  let other = 0;
  const decideAll = createDecideAll({
    ...{ pool, draft: createDrafts(LEDGER_KEY), now, random: randomBytes, mapVersion: 'test-map' },
    unchangedHolders: (keys, told, at) => hold(unchangedHolders(keys, told, at)),
    inChain(work, sent) {
      other++;
      return createInChain({ ...chain, pool, isEager: true })(work, sent);
    },
    openDevice: (row) => openDevice(MASTERS, row),
    opened: createOpenedDevices(openLeaseReader(memory, CLOCKS), () => 1),
    onDamaged: (error) => expect(error).toBeUndefined(),
    map: openAnonymityMap(mapOf([]).shared),
    coarseKey: createSecretKey(Buffer.alloc(32, 11)),
    readRecipients(client, keyIds, at) {
      other++;
      return readRecipients(client, keyIds, at);
    },
  });
  const decide = async (...asks: Ask[]) => (await decideAll(asks, () => {})).map((outcome) => outcome.kind);
  return {
    decide,
    /** What they are told, and whether by a guess. */
    async tell(...asks: Ask[]) {
      other = 0;
      return { kinds: await decide(...asks), isGuessed: other === 0 };
    },
    /** Asks until it guesses. */
    async warm(...asks: Ask[]) {
      for (let tries = 0; tries < 100; tries++) {
        other = 0;
        await decide(...asks);
        if (other === 0) return;
      }
      throw new Error('it never guesses');
    },
  };
}
const thread = openThread();
const PRECISE_BY_GUESS = { kinds: ['precise'], isGuessed: true };

function ask({ token }: Pick<TestDevice, 'token'>, by: Partner = buses, isBound = false): Ask {
  return {
    ...{ ...by, purpose: PURPOSE, tokenHash: hashToken(token), isBound },
    locate: () => ({ lat: 52.09, lon: 5.12, accuracyM: 20, fallback: '', source: 'gps', sources: 1 }),
  };
}
async function granted(...partners: Partner[]): Promise<TestDevice> {
  const device = await addDevice(inChain, START_MS);
  for (const { application } of partners.length === 0 ? [buses] : partners)
    await setGrant(inChain, device, application, START_MS);
  return device;
}
async function rowsOf(kind: number): Promise<number> {
  const { rows } = await store.pool.query('select count(*)::int as n from ledger where kind = $1', [kind]);
  return rows[0].n;
}

test.each([
  ['a grant', 'update grants set expires_at = $2 where device = $1'],
  ['a token', 'update device_tokens set expires_at = $2 where device = $1'],
])('%s that ends while nothing is written is over to the millisecond', async (_name, sql) => {
  const device = await granted();
  await store.pool.query(sql, [device.id, START_MS + HOUR_MS]);
  await thread.warm(ask(device));
  nowMs = START_MS + HOUR_MS - 1;
  expect(await thread.tell(ask(device))).toEqual(PRECISE_BY_GUESS);
  nowMs++;
  expect((await thread.tell(ask(device))).kinds).not.toEqual(['precise']);
  nowMs = START_MS;
});

// Attack: an application that is shown a phone all the time sees, by how soon it is guessed again, that the phone said yes or no to another.
test('what a phone says to another application puts off guesses for as long as what another phone says', async () => {
  const [device, other] = [await granted(), await granted()];
  const guessedAfter = async (said: TestDevice) => {
    await thread.warm(ask(device));
    await setGrant(inChain, said, weather.application, START_MS);
    // As a gateway hears of it.
    lease.forget(said.id, weather.application);
    for (let asked = 0; ; asked++) if ((await thread.tell(ask(device))).isGuessed) return asked;
  };
  const after = await guessedAfter(other);
  expect(after).toBeGreaterThan(1);
  expect(await guessedAfter(device)).toBe(after);
  await thread.warm(ask(device));
  lease.forget(device.id);
  expect((await thread.tell(ask(device))).isGuessed).toBe(false);
});

test('a key that ends while nothing is written is over to the millisecond', async () => {
  const shortly = await partner('Shortly');
  await store.pool.query('update api_keys set expires_at = $2 where id = $1', [shortly.keyId, START_MS + HOUR_MS]);
  const device = await granted(shortly);
  await thread.warm(ask(device, shortly));
  nowMs = START_MS + HOUR_MS - 1;
  expect(await thread.tell(ask(device, shortly))).toEqual(PRECISE_BY_GUESS);
  nowMs++;
  expect((await thread.tell(ask(device, shortly))).kinds).toEqual(['nothing']);
  nowMs = START_MS;
});

test('a suspension of a grant that was announced for later holds from then on, and not once the clock is set back', async () => {
  const device = await granted();
  await store.pool.query('update grants set suspended_at = $2 where device = $1', [device.id, START_MS + HOUR_MS]);
  await thread.warm(ask(device));
  nowMs = START_MS + HOUR_MS;
  expect((await thread.tell(ask(device))).kinds).not.toEqual(['precise']);
  nowMs = START_MS;
  await thread.warm(ask(device));
  expect(await thread.tell(ask(device))).toEqual(PRECISE_BY_GUESS);
});

test.each([
  ['that is ended', 'delete from application_tokens where device = $1'],
  ['that runs out', 'update application_tokens set expires_at = 1 where device = $1'],
  ['whose phone has no token of its own any more', 'update device_tokens set expires_at = 1 where device = $1'],
  ['whose phone withdrew', `update grants set state = 'withdrawn' where device = $1`],
])(
  "a token of an application %s is told nothing precise, beside a phone's own and twice in a batch",
  async (_, sql) => {
    const [device, other] = [await granted(), await granted()];
    const bound = { token: formatApplicationToken(randomBytes(32)) };
    await store.pool.query(
      `insert into application_tokens (token_hash, id, device, application, created_at, expires_at)
     values ($1, gen_random_uuid(), $2, $3, 1, $4)`,
      [hashToken(bound.token), device.id, buses.application, START_MS + HOUR_MS],
    );
    const [own, twice] = [ask(other), ask(bound, buses, true)];
    await thread.warm(twice, own, twice, own);
    expect(await thread.tell(own, twice, twice)).toEqual({ kinds: Array(3).fill('precise'), isGuessed: true });
    // The same token is nothing to another application, whatever is remembered of it.
    expect((await thread.tell(ask(bound, weather, true))).kinds).toEqual(['nothing']);
    await thread.warm(twice, own);
    const before = await rowsOf(KIND.precise);
    await store.pool.query(sql, [device.id]);
    const { kinds } = await thread.tell(own, twice, twice);
    expect(kinds.map((kind) => kind === 'precise')).toEqual([true, false, false]);
    expect(await rowsOf(KIND.precise)).toBe(before + 1);
  },
);

test('a phone that two applications ask about is told to each by its own grant, in one batch and in turns', async () => {
  const device = await granted(buses, weather);
  await thread.warm(ask(device));
  const last = async () => {
    const { rows } = await store.pool.query(
      `select l.application, g.application as granted from ledger l join grants g on g.event_seq = l.event_seq
       where l.kind = ${KIND.precise} order by l.seq desc limit 1`,
    );
    return rows[0];
  };
  for (const by of [weather, buses, weather, buses]) {
    expect((await thread.tell(ask(device, by))).kinds).toEqual(['precise']);
    expect(await last()).toEqual({ application: by.application, granted: by.application });
  }
  await setGrant(inChain, device, weather.application, START_MS, { state: 'withdrawn' });
  await thread.warm(ask(device));
  expect((await thread.tell(ask(device), ask(device, weather))).kinds).toEqual(['precise', 'nothing']);
});

test('a statement that fails takes the rows upon its own with it, and the ledger goes on where it was', async () => {
  const { pool, close } = openPool(store.address, undefined, 0, true);
  afterFile(close);
  const drafts = createDrafts(LEDGER_KEY);
  const [one, two] = [await pool.connect(), await pool.connect()];
  const failing = { writing: writingIf('failing', `1 / $${GUARD_FROM}::int = 1`), values: [0] };
  const { seq, hash } = (await readEnds(store.pool))!;
  const { touched } = (await store.pool.query('select touched::float8 as touched from ledger_head')).rows[0];
  const first = drafts.upon({ seq, hash, touched });
  first.append(entry());
  const failed = first.write(one, failing).catch((error) => String(error));
  const second = drafts.upon(drafts.end()!);
  second.append(entry());
  const behind = second.write(two);
  expect(drafts.clear(one)).not.toBeNull();
  expect(drafts.clear(two)).toBeNull();
  expect(await failed).toContain('division by zero');
  expect(await behind).toBe(false);
  expect([drafts.end(), drafts.clear(one)]).toEqual([null, null]);
  const third = drafts.upon({ seq, hash, touched });
  third.append(entry());
  expect(await third.write(two)).toBe(true);
  expect((await readEnds(store.pool))!.seq).toBe(seq + 1);
  expect((await verify(store.pool)).broken).toBeNull();
  one.release();
  two.release();
});

/** A number of ours for the store's advisory locks. */
const HELD = 7_071;
test.skipIf(!ON_POSTGRES)(
  'a withdrawal that is durable after the statement looked and before it locks the head is found out (one session cannot)',
  async () => {
    const held = openThread(
      (count) => `(select n from (select ${count} as n, pg_advisory_xact_lock_shared(${HELD})) as h)`,
    );
    const device = await granted();
    await held.warm(ask(device));
    const before = await rowsOf(KIND.precise);
    const holder = await store.pool.connect();
    await holder.query('select pg_advisory_lock($1)', [HELD]);
    const telling = held.tell(ask(device));
    const waiting = `select from pg_locks where locktype = 'advisory' and objid = $1 and not granted`;
    try {
      await expect.poll(async () => (await store.pool.query(waiting, [HELD])).rowCount).toBe(1);
      await setGrant(inChain, device, buses.application, START_MS, { state: 'withdrawn' });
    } finally {
      await holder.query('select pg_advisory_unlock($1)', [HELD]);
      holder.release();
    }
    expect(await telling).toEqual({ kinds: ['nothing'], isGuessed: false });
    expect(await rowsOf(KIND.precise)).toBe(before);
  },
);

test('threads that write between each other and changes of mind tell as many as there are rows, and none after a withdrawal', async () => {
  const devices = [await granted(), await granted(), await granted(), await granted()];
  const threads = [thread, openThread(), openThread()];
  const before = await rowsOf(KIND.precise);
  let told = 0;
  let isOver = false;
  const telling = threads.flatMap(({ decide }) =>
    [0, 1].map(async (i) => {
      while (!isOver) {
        const kinds = await decide(ask(devices[i]), ask(devices[i + 1]), ask(devices[i + 2]));
        told += kinds.filter((kind) => kind === 'precise').length;
      }
    }),
  );
  try {
    for (let round = 0; round < 12; round++) {
      const device = devices[round % devices.length];
      await setGrant(inChain, device, buses.application, START_MS, { state: 'withdrawn' });
      await sleep(10);
      await setGrant(inChain, device, buses.application, START_MS);
      await sleep(10);
    }
  } finally {
    isOver = true;
  }
  await Promise.all(telling);
  expect(told).toBeGreaterThan(0);
  expect(await rowsOf(KIND.precise)).toBe(before + told);
  // Every precise row names the last event of consent before it.
  const { rows } = await store.pool.query(
    `select p.seq from ledger p where p.kind = ${KIND.precise} and p.subject is not null and p.application = $1 and p.event_seq is distinct from
       (select max(c.seq) from ledger c where c.kind = ${KIND.consent} and c.subject = p.subject
          and c.application = p.application and c.seq < p.seq)`,
    [buses.application],
  );
  expect(rows).toEqual([]);
  expect((await verify(store.pool)).broken).toBeNull();
});
