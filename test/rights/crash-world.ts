// People of whom something was shown, and a gateway that remembers them, for tests that end an erasure by force. Promises: what a
// person or a partner can ask about somebody is asked as they ask it, through the routes; `expectWhole` and `expectGone` are the only two
// things that anybody may ever be seen as.
import { randomBytes, randomUUID } from 'node:crypto';
import type { LightMyRequestResponse } from 'fastify';
import { expect } from 'vitest';
import { loadDevice } from '../../src/devices/store.ts';
import { formatToken, hashToken } from '../../src/devices/token.ts';
import { findPerson } from '../../src/rights/erase-store.ts';
import { addRequest } from '../../src/rights/requests-store.ts';
import type { Store } from '../../src/storage/open.ts';
import {
  addDevice,
  addPartner,
  HERE,
  LEDGER_KEY,
  MAP,
  MASTERS,
  openSharingGateway,
  PSEUDONYM_KEY,
  setGrant,
  type TestDevice,
} from '../support/sharing.ts';
import { plant } from './plant.ts';
import type { Keys } from './watched-erasure.ts';

const OWN_PAGES = ['/v1/me', '/v1/me/disclosures', '/v1/me/requests', '/v1/me/consents'];
const PLANTED = ['notice_handles', 'challenges', 'application_tokens'];

export const KEYS: Keys = {
  ledger: LEDGER_KEY.toString('hex'),
  master: Buffer.from(MASTERS.current.key).toString('hex'),
  pseudonyms: PSEUDONYM_KEY.toString('hex'),
};

/** `code` is what the erasure will go by; `tables` what an export shows of before. */
export type Shown = TestDevice & { readonly code: string; readonly tables: readonly string[] };
export type Asked = Awaited<ReturnType<typeof openAsking>>;

/** Partners whose keys a later gateway on the same store knows, too. */
type Keyed = { readonly precise: { key: string; application: string }; readonly coarse: { key: string } };

export async function addPartners(store: Store): Promise<Keyed> {
  return { precise: await addPartner(store, 'Precise'), coarse: await addPartner(store, 'Coarse') };
}

/** A gateway on the store, and what can be asked of it. */
export async function openAsking(store: Store, partners: Keyed) {
  const { pool } = store;
  const clock = { nowMs: Date.now() };
  const gateway = await openSharingGateway(store, { clock, map: MAP, people: true, pollMs: 10 });
  await gateway.followKeys();
  const unknown = formatToken(randomBytes(32));

  const partnersSee = async (token: string) =>
    await Promise.all(
      [partners.precise, partners.coarse].map(async ({ key }) => seen(await gateway.ask({ key, device: token }, HERE))),
    );
  // Each from an address of its own: exports from one are limited.
  let from = 0;
  const get = async (url: string, token = '') =>
    seen(
      await gateway.app.inject({
        ...{ method: 'GET', url, headers: { authorization: `Bearer ${token}` } },
        remoteAddress: `10.0.${from >> 8}.${from++ & 255}`,
      }),
    );
  const pagesOf = async (token: string) => await Promise.all(OWN_PAGES.map((url) => get(url, token)));
  const exportOf = async (token: string) => (await get('/v1/me/export', token)).body;

  const stranger = { partners: await partnersSee(unknown), pages: await pagesOf(unknown) };

  return {
    close: gateway.close,

    /** Somebody who granted and was shown, and whom the gateway remembers. */
    async person(): Promise<Shown> {
      const device = await addDevice(gateway.inChain, clock.nowMs, { jurisdiction: 'NL' });
      await setGrant(gateway.inChain, device, partners.precise.application, clock.nowMs);
      const { key } = (await findPerson(pool, MASTERS, device.id))!;
      const person = { device: device.id, key };
      await plant(pool, person, PLANTED);
      const waits = [{ kind: 'askProof' }] as const;
      await addRequest(pool, person, randomUUID(), 'rectification', {}, waits, clock.nowMs, randomBytes);
      await partnersSee(device.token);
      const { held } = await exportOf(device.token);
      return { ...device, code: randomBytes(16).toString('base64url'), tables: Object.keys(held) };
    },

    /** Nothing of the erasure has happened: everything is there and is shown as before. */
    async expectWhole({ id, token, code, tables }: Shown): Promise<void> {
      expect(await partnersSee(token)).toMatchObject([
        { status: 200, body: { precision: 'precise' } },
        { status: 200, body: { precision: 'region' } },
      ]);
      for (const page of await pagesOf(token)) expect(page.status).toBe(200);
      expect(Object.keys((await exportOf(token)).held)).toEqual(tables);
      expect((await get(`/v1/privacy/erasures/${code}`)).status).toBe(404);
      expect(await findPerson(pool, MASTERS, id)).not.toBeNull();
    },

    /** Nothing is shown to anybody: partners hear what they hear of a stranger, the token opens the empty export alone. */
    async expectGone({ id, token, code }: Shown, state: RegExp): Promise<void> {
      expect(await partnersSee(token)).toEqual(stranger.partners);
      expect(await pagesOf(token)).toEqual(stranger.pages);
      expect(await exportOf(token)).toEqual({ format: 'honeyguide-export-1', createdAt: expect.any(String), held: {} });
      expect((await get(`/v1/privacy/erasures/${code}`)).body).toMatchObject({ state: expect.stringMatching(state) });
      expect(await findPerson(pool, MASTERS, id)).toBeNull();
      expect(await loadDevice(pool, MASTERS, hashToken(token), clock.nowMs)).toBeNull();
    },

    /** True once the erasure of somebody is committed. Waits for whoever holds the ledger, also for a process that is dead. */
    async isBegun({ id }: Shown): Promise<boolean> {
      return await gateway.inChain(async (client) => {
        const { rows } = await client.query('select 1 from erasures where device = $1 for update', [id]);
        return rows.length > 0;
      });
    },

    /** Until the gateway has heard of every change there is. */
    async settled(): Promise<void> {
      const { rows } = await pool.query('select coalesce(max(seq), 0)::float8 as seq from privacy_changes');
      await gateway.settle(rows[0].seq);
    },
  };
}

// biome-ignore lint/suspicious/noExplicitAny: whatever came back, to be looked at
function seen(answer: LightMyRequestResponse): { status: number; body: any; headers: string[] } {
  return { status: answer.statusCode, body: answer.json(), headers: Object.keys(answer.headers).sort() };
}
