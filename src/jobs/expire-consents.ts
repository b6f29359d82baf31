// Notes consents that are over, device by device, each under the ledger's lock for a moment. Promises: one device that can't be
// written doesn't keep the others from their turn; what is left over comes at the next run.
import type { Pool } from 'pg';
import { devicesWithExpired, noteExpired } from '../consent/expiry-store.ts';
import type { Random } from '../devices/device-key.ts';
import type { MasterKeys } from '../devices/master-keys.ts';
import { lockDevice } from '../devices/store.ts';
import type { InChain } from '../disclosures/chain.ts';
import { listPolicies } from '../policy/store.ts';

type ExpireDeps = {
  readonly pool: Pool;
  readonly inChain: InChain;
  readonly masters: MasterKeys;
  readonly random: Random;
};

/** Devices of one run: a second's work or so. */
const AT_ONCE = 200;

/** Returns how many consents were noted. Throws the first failure once every device had its turn. */
export async function expireConsents(deps: ExpireDeps, nowMs: number, signal?: AbortSignal): Promise<number> {
  let noted = 0;
  const failures: unknown[] = [];
  for (const id of await devicesWithExpired(deps.pool, nowMs, AT_ONCE)) {
    if (signal?.aborted) break;
    try {
      noted += await deps.inChain(async (client, chain) => {
        const device = await lockDevice(client, deps.masters, id);
        if (device === null) return 0;
        return await noteExpired(client, chain, device, await listPolicies(client), deps.random, nowMs);
      });
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
  return noted;
}
