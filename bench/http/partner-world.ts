// What the bench of the partner path asks about: phones of the bench world, registered in a database of its own, each with a
// token; one partner that people granted nothing to, and one that everybody granted precise. Written once by the bench, read
// by the server under test.

import { createCipheriv, randomBytes, randomUUID } from 'node:crypto';
import { latLngToCell } from 'h3-js';
import { masterKeysOf } from '../../src/devices/master-keys.ts';
import { NEW_PROFILE } from '../../src/devices/profile.ts';
import { registerDevice } from '../../src/devices/store.ts';
import { createInChain } from '../../src/disclosures/chain.ts';
import { KIND } from '../../src/disclosures/entry.ts';
import { addKey } from '../../src/partners/store.ts';
import { keyOfCell, parentKey } from '../../src/privacy/region-key.ts';
import type { Store } from '../../src/storage/open.ts';
import { DAY_MS } from '../../src/time/spans.ts';
import { BENCH_NOW_MS } from '../stations.ts';
import type { BenchRequest } from '../world.ts';

export const LEDGER_KEY = Buffer.alloc(32, 1);
export const MASTERS = masterKeysOf([Buffer.alloc(32, 2)]);
export const COARSE_KEY = Buffer.alloc(32, 3);
const PURPOSE = 'dpv:ServiceProvision';

/** Keys of the two partners, and a token for each request. */
type PartnerWorld = { readonly coarseKey: string; readonly preciseKey: string; readonly tokens: string[] };

/** The regions of an anonymity map that has every finest cell of the requests. */
export function regionNames(requests: readonly BenchRequest[]): Uint32Array {
  const names = new Set<number>();
  for (const { lat, lon } of requests) {
    const finest = keyOfCell(latLngToCell(lat, lon, 10));
    for (const res of [3, 4, 5, 6, 7]) names.add(parentKey(finest, res));
  }
  return Uint32Array.from(names).sort();
}

export async function writePartnerWorld(store: Store, requests: readonly BenchRequest[]): Promise<PartnerWorld> {
  // The same devices in every run.
  const stream = createCipheriv('aes-256-ctr', Buffer.alloc(32, 4), Buffer.alloc(16));
  const random = (bytes: number) => stream.update(Buffer.alloc(bytes));
  const holder = {
    ...{ policyUrl: 'https://partner.example/privacy', contact: 'privacy@partner.example', controller: 'Partner' },
    ...{ role: 'vendor' as const, adFunded: false, purposes: [PURPOSE], maxPrecision: 2 },
  };
  const wanted = { class: 'partner' as const, dailyQuota: null, perMinute: null };
  const coarse = await addKey(store, { ...wanted, name: 'Coarse' }, randomBytes, 1, holder);
  const precise = await addKey(store, { ...wanted, name: 'Precise' }, randomBytes, 1, holder);
  const now = () => BENCH_NOW_MS;
  const inChain = createInChain({ pool: store.pool, ledgerKey: LEDGER_KEY, now, settle: async () => {} });
  const tokens: string[] = [];
  const profile = { ...NEW_PROFILE, ageBand: '18plus' as const };
  for (let from = 0; from < requests.length; from += 256) {
    await inChain(async (client, chain) => {
      for (let i = from; i < Math.min(from + 256, requests.length); i++) {
        const id = randomUUID();
        const { token } = await registerDevice(client, chain, { masters: MASTERS, random }, id, profile, BENCH_NOW_MS);
        tokens.push(token);
        const seq = chain.append({ at: BENCH_NOW_MS, kind: KIND.consent, application: precise.application });
        await client.query(
          `insert into grants (device, application, purpose, record, state, precision, scopes, sources, policy_version,
             given_at, expires_at, event_seq)
           values ($1, $2, $3, $1, 'given', 2, '{geolocate}', 31, '2017-06-30', $4, $5, $6)`,
          [id, precise.application, PURPOSE, BENCH_NOW_MS, BENCH_NOW_MS + 180 * DAY_MS, seq],
        );
      }
    });
  }
  await store.pool.query('analyze');
  return { coarseKey: coarse.key, preciseKey: precise.key, tokens };
}
