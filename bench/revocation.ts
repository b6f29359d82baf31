// Rule 7 under fire: two gateways on one PostgreSQL, reads all around each withdrawal, ten thousand times over. A read that
// was asked after the acknowledgement must not come back precise, no precise row may follow the withdrawal's in the ledger, and
// shares and rows must be as many. Asked at the pipeline itself, each gateway with its own connections and lease.
// `npx node bench/revocation.ts [rounds] [reads]`, with TEST_DATABASE_URL. Exit code 1 if one answer was wrong.

import { randomUUID } from 'node:crypto';
import { hashToken } from '../src/devices/token.ts';
import { createInChain } from '../src/disclosures/chain.ts';
import { KIND } from '../src/disclosures/entry.ts';
import { settleEverywhere } from '../src/disclosures/settle.ts';
import { createKeyRing } from '../src/partners/key-ring.ts';
import { followKeys } from '../src/partners/store.ts';
import { layOutAnonymityMap } from '../src/privacy/anonymity-map.ts';
import { CLOCKS, openThreadSharing } from '../src/process/sharing.ts';
import { createLeaseMemory, openLeaseReader, openLeaseWriter } from '../src/sharing/lease-memory.ts';
import { joinReplicas } from '../src/sharing/replica-store.ts';
import { openStore, type Store } from '../src/storage/open.ts';
import { COARSE_KEY, LEDGER_KEY, MASTERS, regionNames, writePartnerWorld } from './http/partner-world.ts';
import { withOwnDatabase } from './own-database.ts';
import { BENCH_NOW_MS } from './stations.ts';
import { quantile } from './statistics.ts';
import { benchRequests, createBenchWorld } from './world.ts';

const PHONES = 256;
/** Reads asked after the acknowledgement, of each round's. */
const AFTER = 40;
const POLL_MS = 5;

const url = process.env.TEST_DATABASE_URL;
if (url === undefined) throw new Error('TEST_DATABASE_URL names a PostgreSQL server');
const rounds = Number(process.argv[2] ?? 10_000);
const reads = Number(process.argv[3] ?? 200);
const now = () => BENCH_NOW_MS;
const log = { error: (facts: object, message: string) => console.error(message, facts) };
const requests = benchRequests(createBenchWorld(10_000), PHONES);
const map = { shared: layOutAnonymityMap(regionNames(requests)), version: 'bench', k: 1 };

type Gateway = { ask(key: string, phone: number, token: string): Promise<string>; close(): Promise<void> };

async function openGateway(store: Store): Promise<Gateway> {
  const ring = createKeyRing(now);
  const follower = await followKeys(store, ring.replace, () => {});
  const memory = createLeaseMemory(CLOCKS);
  const replica = await joinReplicas({
    ...{ pool: store.pool, id: randomUUID(), lease: openLeaseWriter(memory), clocks: CLOCKS },
    ...{ onError: (error) => console.error(error), pollMs: POLL_MS },
  });
  const secrets = { ledgerKey: LEDGER_KEY, masters: MASTERS, coarseKey: COARSE_KEY };
  const lease = openLeaseReader(memory, CLOCKS);
  const sharing = openThreadSharing(store.address, { ...secrets, map, lease, now }, log);
  return {
    async ask(key, phone, deviceToken) {
      const { lat, lon } = requests[phone];
      const decision = await sharing.audience({
        ...{ caller: ring.find(key)!, deviceToken, query: {}, nowMs: BENCH_NOW_MS },
        locate: () => ({ lat, lon, accuracyM: 20, fallback: '', source: 'gps', sources: 1 }),
      });
      if (decision === null || !('text' in decision)) return 'nothing';
      return (JSON.parse(decision.text) as { precision: string }).precision;
    },
    async close() {
      follower.stop();
      await sharing.close();
      await replica.stop();
    },
  };
}

/** Sets the state of a phone's grant as the consent room does; resolves to its row's number, acknowledged. */
type SetState = (token: string, state: string) => Promise<number>;

function createSetState({ pool }: Store): SetState {
  const settle = (seq: number) => settleEverywhere(pool, seq, () => performance.now());
  const inChain = createInChain({ pool, ledgerKey: LEDGER_KEY, now, settle });
  return (token, state) =>
    inChain(async (client, chain) => {
      const seq = chain.append({ at: BENCH_NOW_MS, kind: KIND.consent, detail: state });
      const { rows } = await client.query(
        `update grants set state = $2, event_seq = $3
         where device = (select device from device_tokens where token_hash = $1) returning device`,
        [hashToken(token), state, seq],
      );
      chain.changed(rows[0].device);
      return seq;
    });
}

/** Of all rounds so far; `late` = asked after the acknowledgement and told more than the region, or nothing. */
const told = { precise: 0, region: 0, nothing: 0 };
const ackMs: number[] = [];
let late = 0;

/**
 * Reads all around one withdrawal, which comes before read number `begin`, and some after its acknowledgement. Resolves to the
 * number of its row.
 */
async function withdrawAmidReads(
  token: string,
  ask: (read: number) => Promise<string>,
  setState: SetState,
  begin: number,
): Promise<number> {
  let isAcknowledged = false;
  const read = async (i: number): Promise<void> => {
    const isLate = isAcknowledged;
    const what = (await ask(i)) as keyof typeof told;
    told[what]++;
    if (isLate && what !== 'region') late++;
  };
  let withdrawnSeq = 0;
  const withdraw = async () => {
    const startedMs = performance.now();
    withdrawnSeq = await setState(token, 'withdrawn');
    isAcknowledged = true;
    ackMs.push(performance.now() - startedMs);
  };
  const under: Promise<unknown>[] = [];
  for (let i = 0; i < reads - AFTER; i++) {
    if (i === begin) under.push(withdraw());
    under.push(read(i));
    if (i % 16 === 15) await new Promise(setImmediate);
  }
  await Promise.all(under);
  await Promise.all(Array.from({ length: AFTER }, (_, i) => read(i)));
  return withdrawnSeq;
}

/** Precise rows of the ledger after one of that number. */
async function preciseRows({ pool }: Store, after: number): Promise<number> {
  const counting = 'select count(*)::int as n from ledger where kind = $1 and seq > $2';
  return (await pool.query(counting, [KIND.precise, after])).rows[0].n;
}

const wrong = await withOwnDatabase(url, async (own) => {
  const store = await openStore({ databaseUrl: own, dataDir: '' });
  const { preciseKey, tokens } = await writePartnerWorld(store, requests);
  const setState = createSetState(store);
  const gateways = [await openGateway(store), await openGateway(store)];
  let rowsAfter = 0;
  for (let round = 0; round < rounds; round++) {
    const phone = round % PHONES;
    const token = tokens[phone];
    const ask = (i: number) => gateways[i % 2].ask(preciseKey, phone, token);
    await setState(token, 'given');
    // The withdrawal comes somewhere among the reads, not always at the same place.
    const withdrawnSeq = await withdrawAmidReads(token, ask, setState, round % (reads - AFTER));
    rowsAfter += await preciseRows(store, withdrawnSeq);
    if ((round + 1) % 500 === 0) console.error(`${round + 1} rounds`, told, { late, rowsAfter });
  }
  const rows = await preciseRows(store, 0);
  for (const gateway of gateways) await gateway.close();
  await store.close();
  const [p50, p99] = [quantile(ackMs, 0.5), quantile(ackMs, 0.99)].map((ms) => ms.toFixed(1));
  console.log(`${rounds} withdrawals, ${reads} reads around each, two gateways: told ${JSON.stringify(told)}`);
  console.log(
    `precise although asked after the acknowledgement, or decided after it: ${late} and ${rowsAfter} (must be 0)`,
  );
  console.log(`precise shares ${told.precise}, rows ${rows} (must be equal)`);
  console.log(`withdrawal acknowledged in ${p50} ms (median), ${p99} ms (p99), under this load`);
  return late + rowsAfter + Math.abs(told.precise - rows);
});
if (wrong > 0) process.exitCode = 1;
