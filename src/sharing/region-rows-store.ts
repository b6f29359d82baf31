// The ledger's rows of regions that were told under its lock. Promises: one row for a device, application, purpose and tick, however
// often it is asked and on whatever gateway: a region that is repeated discloses nothing new.
import type { ClientBase } from 'pg';
import type { Decision } from '../consent/decide.ts';
import type { Chain } from '../disclosures/chain.ts';
import { KIND, PRECISION } from '../disclosures/entry.ts';
import { regionBasis } from './region-basis.ts';
import type { Named, Subject } from './subjects-store.ts';

export type ToldRegion = {
  readonly subject: Subject;
  readonly ask: Named;
  readonly decision: Decision;
  readonly tick: number;
  /** Bits of SOURCE that its region came from. */
  readonly foundBy: number;
};

export async function noteRegions(
  client: ClientBase,
  chain: Chain,
  told: readonly ToldRegion[],
  nowMs: number,
): Promise<void> {
  const nameOf = (application: string, purpose: string, subject: Buffer, tick: number) =>
    `${application} ${purpose} ${subject.toString('hex')} ${tick}`;
  const { rows } = await client.query<{ application: string; purpose: string; subject: Buffer; tick: number }>(
    `select l.application, l.purpose, l.subject, l.tick
     from unnest($1::text[], $2::text[], $3::bytea[], $4::int[]) as q(application, purpose, subject, tick)
     join ledger l on l.kind = ${KIND.region} and l.tick = q.tick and l.application = q.application
       and l.subject = q.subject and l.purpose = q.purpose`,
    [
      told.map(({ ask }) => ask.application),
      told.map(({ ask }) => ask.purpose),
      told.map(({ subject }) => subject.device.subject),
      told.map(({ tick }) => tick),
    ],
  );
  const written = new Set(rows.map((row) => nameOf(row.application, row.purpose, row.subject, row.tick)));
  for (const { subject, ask, decision, tick, foundBy } of told) {
    const name = nameOf(ask.application, ask.purpose, subject.device.subject, tick);
    if (written.has(name)) continue;
    written.add(name);
    chain.append({
      at: nowMs,
      kind: KIND.region,
      application: ask.application,
      subject: subject.device.subject,
      purpose: ask.purpose,
      ...regionBasis(decision.reason, subject.grant, foundBy),
      precision: PRECISION.region,
      eventSeq: decision.eventSeq,
      policyVersion: decision.policyVersion,
      tick,
    });
  }
}
