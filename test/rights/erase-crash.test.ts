// An erasure and the end by force: a process that erases is killed (SIGKILL) at every statement of it, inside transactions and
// between them, on PostgreSQL; on the embedded store, where every open transaction costs a process, at every statement that ends
// access and at every step after that, at one statement or other of each. After each kill, before anything goes on, whoever
// was being erased is there whole or shows nothing.
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { hashToken } from '../../src/devices/token.ts';
import { ledgerReader } from '../../src/disclosures/store.ts';
import { verifyLedger } from '../../src/disclosures/verify.ts';
import { advanceErasures, compactKeys } from '../../src/rights/erase-store.ts';
import { openStore, type Store, type StoreConfig } from '../../src/storage/open.ts';
import { startNode } from '../support/process.ts';
import { LEDGER_KEY } from '../support/sharing.ts';
import { afterFile, ON_POSTGRES, testStoreConfig } from '../support/store.ts';
import { type Asked, addPartners, KEYS, openAsking, type Shown } from './crash-world.ts';
import type { Job, Work } from './erase-process.ts';
import { dumpTables } from './scan.ts';
import { depsOf, eraseWatched, type Fate } from './watched-erasure.ts';

/** Dozens of processes take their time on a busy machine. */
const PROCESSES_MS = 300_000;
/** Erasures that one process has open at a time: each is a connection, and the server has others to serve. */
const AT_ONCE = 16;

type Point = { readonly at: number; readonly fate: Fate; readonly inTransaction: boolean };

/** Where an erasure of these statements is stopped: before each but the first, and where a commit may or may not have been. */
function pointsOf(statements: readonly string[]): { begin: Point[]; after: Point[] } {
  let inTransaction = false;
  // Reads in a row and in no transaction leave the same behind: the first and the last of them stand for all.
  const isRead = (at: number) => /^select bool_or/.test(statements[at] ?? '');
  const points: Point[] = statements.map((sql, at) => {
    const point = { at, fate: 'held', inTransaction } as const;
    if (sql.startsWith('begin')) inTransaction = true;
    if (sql === 'commit') inTransaction = false;
    return point;
  });
  const commit = statements.indexOf('commit');
  const last = statements.length - 1;
  const unheard = [commit, last].map((at) => ({ at, fate: 'unheard', inTransaction: at === commit }) as const);
  return {
    begin: [...points.slice(1, commit + 1), unheard[0]],
    after: [
      ...points.slice(commit + 1).filter(({ at }) => !isRead(at) || !isRead(at - 1) || !isRead(at + 1)),
      unheard[1],
    ],
  };
}

/** The statements of an erasure of somebody, who is erased by that. */
async function rehearse(store: Store, person: Shown): Promise<string[]> {
  const statements: string[] = [];
  await eraseWatched(store, KEYS, { device: person.id, code: person.code }, (sql) => {
    statements.push(sql);
    return 'sent';
  });
  return statements;
}

/** One process that brings each erasure to its point, is killed there, and says before where it stood. */
async function killAt(config: StoreConfig, jobs: readonly Job[]): Promise<string[]> {
  const work: Work = { config, keys: KEYS, jobs };
  const child = startNode([join(import.meta.dirname, 'erase-process.ts'), JSON.stringify(work)]);
  const stoodAt = JSON.parse(await child.line());
  child.process.kill('SIGKILL');
  expect(await child.ended).toBe('SIGKILL');
  return stoodAt;
}

type Stopped = Point & { readonly person: Shown };
const jobOf = ({ at, fate, person }: Stopped): Job => ({ device: person.id, code: person.code, at, fate });

/** Kills at these points, which one process can hold at once, and looks at what is left. */
async function killAndLook(
  config: StoreConfig,
  asked: Asked,
  stops: readonly Stopped[],
  statements: readonly string[],
) {
  expect(await killAt(config, stops.map(jobOf))).toEqual(stops.map(({ at }) => statements[at]));
  await look(asked, stops, statements);
}

async function look(asked: Asked, stops: readonly Stopped[], statements: readonly string[]): Promise<void> {
  const commit = statements.indexOf('commit');
  const begun = await Promise.all(stops.map(({ person }) => asked.isBegun(person)));
  await asked.settled();
  const lookAt = async ({ at, fate, person }: Stopped, i: number) => {
    // What was sent and not answered may have happened or not.
    if (fate !== 'unheard') expect([at, begun[i]]).toEqual([at, at > commit]);
    await (at > commit || begun[i] ? asked.expectGone(person, /in progress|done/) : asked.expectWhole(person));
  };
  await Promise.all(stops.map(lookAt));
}

/** What the next process does: goes on, and takes again what somebody asked for of whom nothing had happened. */
async function complete(store: Store, people: readonly Shown[]): Promise<void> {
  const deps = depsOf(store.pool, KEYS);
  await advanceErasures(deps);
  for (const { id, code } of people) {
    const { rows } = await store.pool.query('select 1 from devices where id = $1', [id]);
    if (rows.length > 0) await eraseWatched(store, KEYS, { device: id, code }, () => 'sent');
  }
  // Autovacuum may be at a table, or have sampled one meanwhile.
  await expect.poll(() => compactKeys(store.pool, 0), { timeout: 30_000 }).toBe(true);
}

async function expectClean(store: Store, asked: Asked, people: readonly Shown[]): Promise<void> {
  const dump = await dumpTables(store.pool);
  for (const { id, token } of people) {
    const isLeft = (trace: string) => dump.includes(trace);
    expect([id, isLeft(id), isLeft(hashToken(token).toString('hex'))]).toEqual([id, false, false]);
  }
  const { rows } = await store.pool.query(
    "select count(*)::int as n from erasures where step = 'done' and device is null",
  );
  expect(rows[0].n).toBe(people.length);
  await Promise.all(people.map((person) => asked.expectGone(person, /done/)));
  expect((await verifyLedger(ledgerReader(store.pool), LEDGER_KEY)).broken).toBeNull();
}

test(
  'an erasure whose process was killed at any statement shows all or nothing, and is completed by the next one',
  async () => {
    const config = await testStoreConfig();
    const store = await openStore(config);
    afterFile(() => store.close());
    const asked = await openAsking(store, await addPartners(store));
    const [rehearsal, bystander] = [await asked.person(), await asked.person()];
    const statements = await rehearse(store, rehearsal);
    const { begin, after } = pointsOf(statements);
    const points = [...begin, ...after.filter((point, i) => ON_POSTGRES || i % 6 === 0 || point.fate === 'unheard')];
    const stops = await Promise.all(points.map(async (point) => ({ ...point, person: await asked.person() })));
    const people = [rehearsal, ...stops.map(({ person }) => person)];
    for (const group of groupsOf(stops, statements)) await killAndLook(config, asked, group, statements);
    await complete(store, people);
    await expectClean(store, asked, people);
    await asked.expectWhole(bystander);
  },
  PROCESSES_MS,
);

/** What one process can hold open together: one that holds the ledger, or the one session of the embedded store, and others before it. */
function groupsOf(stops: readonly Stopped[], statements: readonly string[]): Stopped[][] {
  const isAlone = ({ at, inTransaction }: Stopped) =>
    inTransaction && (!ON_POSTGRES || at <= statements.indexOf('commit'));
  const together = stops.filter((stop) => !isAlone(stop));
  const groups = stops.filter(isAlone).map((stop) => [stop]);
  for (let i = 0; i < together.length; i += AT_ONCE) groups.push(together.slice(i, i + AT_ONCE));
  return groups;
}

test.skipIf(ON_POSTGRES)(
  'an erasure that was killed together with its store shows all or nothing when it is started again, and is completed',
  async () => {
    const config = await testStoreConfig();
    const first = await openStore(config);
    const partners = await addPartners(first);
    const asked = await openAsking(first, partners);
    const rehearsal = await asked.person();
    const statements = await rehearse(first, rehearsal);
    const { begin, after } = pointsOf(statements);
    // Before the commit that ends access, and after it, before one that takes rows.
    const ending = begin.find(({ at }) => statements[at] === 'commit')!;
    const taking = after.find(({ at }) => statements[at - 1].startsWith('delete from grants'))!;
    const points = [ending, taking];
    expect(points).toMatchObject([{ inTransaction: true }, { inTransaction: true }]);
    const stops = await Promise.all(points.map(async (point) => ({ ...point, person: await asked.person() })));
    await asked.close();
    await first.close();
    for (const [i, stop] of stops.entries()) {
      await killAt(config, [jobOf(stop)]);
      const store = await openStore(config);
      afterFile(() => store.close());
      const again = await openAsking(store, partners);
      await look(again, [stop], statements);
      if (i === stops.length - 1) {
        const people = [rehearsal, ...stops.map(({ person }) => person)];
        await complete(store, people);
        await expectClean(store, again, people);
      }
      await again.close();
      await store.close();
    }
  },
  PROCESSES_MS,
);
