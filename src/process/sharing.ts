// What partners go through, put together: the main thread's part (the lease of this gateway) and each server thread's (the
// pipeline itself over the thread's connections to the store).
import { createSecretKey, randomBytes, randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import type { MasterKeys } from '../devices/master-keys.ts';
import { openDevice } from '../devices/profile.ts';
import { hashToken, isApplicationToken, isWireToken } from '../devices/token.ts';
import { createInChain } from '../disclosures/chain.ts';
import { COUNT_RULE } from '../disclosures/counts.ts';
import { createDrafts } from '../disclosures/drafts.ts';
import { KIND } from '../disclosures/entry.ts';
import { settleEverywhere } from '../disclosures/settle.ts';
import { addCounts } from '../disclosures/store.ts';
import { type BugLog, describeError } from '../http/bug-log.ts';
import { createSayer } from '../http/sayer.ts';
import { readRecipient, readRecipients, unchangedHolders } from '../partners/registry-store.ts';
import type { Audience } from '../positioning/audience.ts';
import { openAnonymityMap } from '../privacy/anonymity-map.ts';
import { TICK_MS } from '../privacy/coarse-state.ts';
import { createDecideAll } from '../sharing/ahead-store.ts';
import { createAudience } from '../sharing/audience.ts';
import { type Clocks, createLeaseMemory, type LeaseReader, openLeaseWriter } from '../sharing/lease-memory.ts';
import { createOpenedDevices } from '../sharing/opened-devices.ts';
import { joinReplicas, type Replica } from '../sharing/replica-store.ts';
import { loadSwitches } from '../sharing/switches-store.ts';
import { createWrongPurposeNotes } from '../sharing/wrong-purposes.ts';
import { openPool, REQUEST_QUERY_MS, type StoreAddress } from '../storage/pool.ts';
import { createWriteBehind } from '../storage/write-behind.ts';
import type { AnonymityMapHandle } from './anonymity-map.ts';

/** The monotonic clock that all threads of a process share: performance.now() begins anew in each. */
const offsetMs = Number(process.hrtime.bigint()) / 1e6 - performance.now();
export const CLOCKS: Clocks = { monotonicMs: () => performance.now() + offsetMs, wallMs: Date.now };

/** This gateway's lease: the memory that threads read it from, and what keeps it. */
export async function openLease(pool: Pool, log: BugLog): Promise<{ memory: SharedArrayBuffer; replica: Replica }> {
  const memory = createLeaseMemory(CLOCKS);
  const replica = await joinReplicas({
    pool,
    id: randomUUID(),
    lease: openLeaseWriter(memory),
    clocks: CLOCKS,
    onError: (error) => log.error(describeError(error), 'no lease: partners are answered from the store alone'),
  });
  return { memory, replica };
}

type SharingSetup = {
  /** Of connections that pipeline. */
  readonly pool: Pool;
  /** 32 bytes. */
  readonly ledgerKey: Uint8Array;
  readonly masters: MasterKeys;
  /** 32 bytes: draws the bands of coarse states. */
  readonly coarseKey: Uint8Array;
  readonly map: AnonymityMapHandle;
  readonly lease: LeaseReader;
  readonly now: () => number;
  /** The store's time, where it is a test's own as `now` is; what the store said is passed in. */
  readonly storeMs?: (saidMs: number) => number;
  readonly noteVisit?: (device: string, region: number, nowMs: number) => void;
};

export function openSharing(setup: SharingSetup, log: BugLog): { readonly audience: Audience; close(): Promise<void> } {
  const { pool, masters, now } = setup;
  const settle = (seq: number) => settleEverywhere(pool, seq, CLOCKS.monotonicMs);
  const chain = { pool, ledgerKey: setup.ledgerKey, now, settle };
  const inChain = createInChain(chain);
  const map = openAnonymityMap(setup.map.shared);
  const counts = createWriteBehind(
    COUNT_RULE,
    (rows) => addCounts(pool, rows),
    (error) => log.error(describeError(error), 'answers to partners not counted yet'),
  );
  const onError = createSayer(log, 'the store decides nothing: partners are told what was told already, or nothing');
  const onDamaged = createSayer(log, 'what is kept of a device does not open: nothing is told of it');
  const { audience, idle } = createAudience({
    lease: setup.lease,
    map,
    mapVersion: setup.map.version,
    decideAll: createDecideAll({
      openDevice: (row) => openDevice(masters, row),
      opened: createOpenedDevices(setup.lease, () => Math.floor(now() / TICK_MS)),
      ...{
        ...{ pool, draft: createDrafts(setup.ledgerKey) },
        inChain: createInChain({ ...chain, isEager: true }),
        map,
        mapVersion: setup.map.version,
        coarseKey: createSecretKey(setup.coarseKey),
      },
      ...{ random: randomBytes, now, readRecipients, unchangedHolders, onDamaged, storeMs: setup.storeMs },
    }),
    async isGood(keyId, nowMs) {
      const recipient = await readRecipient(pool, keyId, nowMs);
      return recipient !== null && !recipient.suspended && recipient.maxPrecision > 0;
    },
    readSwitches: (tokenHashes) => loadSwitches(pool, masters, tokenHashes, now(), onDamaged),
    isBoundToken: isApplicationToken,
    hashToken: (text) => (isWireToken(text) ? hashToken(text) : null),
    count: (application, tick, isShown) =>
      counts.add({ application, tick, outcome: isShown ? KIND.region : KIND.refused, count: 1 }),
    noteWrongPurpose: createWrongPurposeNotes((application, tick) => {
      const row = { at: now(), kind: KIND.refused, application, tick, detail: 'purposeNotRegistered' };
      return inChain(async (_client, ledger) => void ledger.append(row));
    }, onError),
    noteVisit: setup.noteVisit,
    monotonicMs: () => performance.now(),
    onError,
  });
  return {
    audience,
    async close() {
      await idle();
      await counts.stop().catch(onError);
    },
  };
}

/** The same over connections of its own, as a server thread has it. */
export function openThreadSharing(
  store: StoreAddress,
  setup: Omit<SharingSetup, 'pool'>,
  log: BugLog,
): ReturnType<typeof openSharing> {
  const onLost = (error: Error) => log.error(describeError(error), 'store connection lost');
  const { pool, close } = openPool(store, onLost, REQUEST_QUERY_MS, true);
  const sharing = openSharing({ ...setup, pool }, log);
  return { ...sharing, close: () => sharing.close().finally(close) };
}
