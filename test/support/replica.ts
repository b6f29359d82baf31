// A gateway's part among the replicas on a store, without its app: lease, ledger, pipeline and keys, all real. Clock and secrets
// are its caller's.
import { randomUUID } from 'node:crypto';
import type { MasterKeys } from '../../src/devices/master-keys.ts';
import { createInChain } from '../../src/disclosures/chain.ts';
import { settleEverywhere } from '../../src/disclosures/settle.ts';
import type { BugLog } from '../../src/http/bug-log.ts';
import { createKeyRing } from '../../src/partners/key-ring.ts';
import { followKeys } from '../../src/partners/store.ts';
import type { AnonymityMapHandle } from '../../src/process/anonymity-map.ts';
import { CLOCKS, openSharing } from '../../src/process/sharing.ts';
import { type Clocks, createLeaseMemory, openLeaseReader, openLeaseWriter } from '../../src/sharing/lease-memory.ts';
import { joinReplicas } from '../../src/sharing/replica-store.ts';
import type { Store } from '../../src/storage/open.ts';
import { openPool } from '../../src/storage/pool.ts';

type ReplicaOptions = {
  readonly secrets: { readonly ledgerKey: Buffer; readonly masters: MasterKeys; readonly coarseKey: Buffer };
  readonly map: AnonymityMapHandle;
  readonly now: () => number;
  /** The store's clock; default: as `now`. */
  readonly storeMs?: (saidMs: number) => number;
  /** The clocks that its lease is counted on. */
  readonly clocks?: Clocks;
  /** false: no lease is taken, so that nothing is answered from memory. */
  readonly leased?: boolean;
  /** How often it looks for changes of mind. */
  readonly pollMs?: number;
  readonly log: BugLog;
  readonly onError: (error: unknown) => void;
};

export async function openReplica(store: Store, options: ReplicaOptions) {
  const { secrets, map, now, clocks = CLOCKS, pollMs, log, onError } = options;
  const { pool, close: closePool } = openPool(store.address, undefined, 0, true);
  const memory = createLeaseMemory(clocks);
  const joining = { pool, id: randomUUID(), lease: openLeaseWriter(memory), clocks, pollMs, onError };
  const replica = options.leased === false ? null : await joinReplicas(joining);
  const settle = (seq: number) => settleEverywhere(pool, seq, CLOCKS.monotonicMs);
  const inChain = createInChain({ pool, ledgerKey: secrets.ledgerKey, now, settle });
  const lease = openLeaseReader(memory, clocks);
  const sharing = openSharing({ pool, ...secrets, map, lease, now, storeMs: options.storeMs ?? now }, log);
  const ring = createKeyRing(now);
  const follower = await followKeys(store, (entries) => ring.replace(entries), onError);
  return {
    ...{ pool, closePool, inChain, settle, replica },
    audience: sharing.audience,
    findKey: ring.find,
    /** Looks for new keys now. */
    followKeys: () => follower.poll(),
    async close(app: { close(): Promise<void> }): Promise<void> {
      follower.stop();
      await app.close();
      await sharing.close();
      await replica?.stop();
      await closePool();
    },
  };
}
