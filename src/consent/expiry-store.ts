// Consents whose time is over, noted as such. Promises: nothing waits for this: what has expired is over for every decision at its
// date (decide.ts); here the record gets its event, so that it tells its whole story.
import type { ClientBase, Pool } from 'pg';
import type { Device } from '../devices/profile.ts';
import type { Chain } from '../disclosures/chain.ts';
import type { PolicyVersion } from '../policy/versions.ts';
import { appendConsent, listGrants, writeEvent } from './store.ts';

const LIVE = `state in ('given', 'reconfirmed')`;

/** Devices with consents that are over by `nowMs` and not noted yet, at most `limit`. */
export async function devicesWithExpired(db: Pool, nowMs: number, limit: number): Promise<string[]> {
  const { rows } = await db.query(
    `select device from grants where ${LIVE} and expires_at <= $1 group by device order by min(expires_at) limit $2`,
    [nowMs, limit],
  );
  return rows.map((row) => row.device);
}

/** Notes what is over of one device, under the ledger's lock. Returns how many consents that were. */
export async function noteExpired(
  client: ClientBase,
  chain: Chain,
  device: Device,
  policies: readonly PolicyVersion[],
  random: (bytes: number) => Buffer,
  nowMs: number,
): Promise<number> {
  const { ageBand, jurisdiction } = device.profile;
  let noted = 0;
  for (const grant of await listGrants(client, device.id)) {
    const live = grant.state === 'given' || grant.state === 'reconfirmed';
    if (!live || grant.expiresAt === null || grant.expiresAt > nowMs) continue;
    const event = { ...grant, state: 'expired' as const, at: nowMs };
    const seq = appendConsent(chain, device, event);
    const screen = { language: null, textHash: null, screen: null };
    const about = { ageBand, jurisdiction, parental: grant.parental, receipt: null };
    await writeEvent(
      client,
      device,
      { ...event, seq, capture: { actor: 'expiry', ...screen, ...about } },
      policies,
      random,
    );
    noted++;
  }
  return noted;
}
