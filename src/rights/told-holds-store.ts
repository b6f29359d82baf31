// What an erased person is told of rows that law still holds: that there are such rows, why in one word, and until when. Promises: not
// while a gag hides a disclosure about them, because the hold may belong to it; whoever has a token of the phone hears it, by a mark
// that is made while its tokens end and means nothing without the device's id, which goes when the last hold does.
import { createHmac } from 'node:crypto';
import type { ClientBase, Pool } from 'pg';
import { HOLD_CAUSES, type HoldCause } from './legal-limits.ts';

export type ToldHold = {
  readonly because: HoldCause;
  /** When the last hold ends, epoch ms. */
  readonly until: number;
};

/** The reason as it is kept: why in one word, then why. */
export const holdReason = (because: HoldCause, reason: string): string => `${because}: ${reason}`;

/** Null if nothing of the device is held, or its person may not hear of it. */
export async function toldHold(db: Pool | ClientBase, device: string, nowMs: number): Promise<ToldHold | null> {
  const { rows } = await db.query(
    `select h.reason, h.ends_at::float8 as until from legal_holds h where h.device = $1 and h.ends_at > $2
       and not exists (select from legal_disclosures l where l.device = $1 and l.gag_until > $2)
     order by h.ends_at desc limit 1`,
    [device, nowMs],
  );
  if (rows.length === 0) return null;
  const { reason, until } = rows[0];
  return { because: HOLD_CAUSES.find((one) => reason.startsWith(`${one}: `)) ?? 'legal_obligation', until };
}

/** What stands among the suppressed tokens for a token of a device that is erased while something of it is held. */
export function heldMarker(markerKey: Uint8Array, device: string, tokenHash: Uint8Array): Buffer {
  return createHmac('sha256', markerKey).update(`held ${device} `).update(tokenHash).digest();
}

/** The hold on what was the device of this token; null if there is none, or nobody may hear of it. */
export async function toldHoldOfToken(
  db: Pool,
  markerKey: Uint8Array,
  tokenHash: Uint8Array,
  nowMs: number,
): Promise<ToldHold | null> {
  // Erasures that are not done: a few, and those that wait for a hold.
  const { rows } = await db.query(
    `select e.device from erasures e
     where e.device is not null and exists (select from legal_holds h where h.device = e.device and h.ends_at > $1)`,
    [nowMs],
  );
  for (const { device } of rows) {
    const marker = heldMarker(markerKey, device, tokenHash);
    const found = await db.query('select 1 from suppressions where marker = $1 and expires_at > $2', [marker, nowMs]);
    if (found.rows.length > 0) return await toldHold(db, device, nowMs);
  }
  return null;
}
