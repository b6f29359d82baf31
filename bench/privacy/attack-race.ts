// A11, the revocation race: reads from all sides, through every replica, while consent is withdrawn; and while everything is
// refused. Precise answers to requests that were sent after the acknowledgement arrived must not be; nor regions after a
// refusal. Requests sent before may still be answered as before.

import { fixAt } from './attack-oracle.ts';
import type { Partner, PrivacyGateway } from './gateway.ts';
import type { Place } from './world.ts';

type RaceResult = {
  readonly rounds: number;
  /** Answers of a round that came precise: the race was on. */
  readonly preciseBefore: number;
  readonly preciseAfter: number;
  readonly regionAfterRefusal: number;
  /** The longest that an acknowledgement took, ms. */
  readonly slowestMs: number;
};

/** `gateways` are replicas on one store. */
export async function race(
  gateways: readonly PrivacyGateway[],
  partner: Partner,
  place: Place,
  rounds: number,
  reads: number,
): Promise<RaceResult> {
  const token = await gateways[0].register();
  let preciseBefore = 0;
  let preciseAfter = 0;
  let regionAfterRefusal = 0;
  let slowestMs = 0;
  for (let round = 0; round < rounds; round++) {
    await gateways[round % gateways.length].grant(token, partner, 'precise');
    const isRefusal = round % 3 === 2;
    let isAcknowledged = false;
    const readers = Array.from({ length: reads }, async (_, reader) => {
      // Sent in waves on both sides of the acknowledgement.
      for (let wave = 0; wave < 3; wave++) {
        const sentAfter = isAcknowledged;
        const { status, body } = await gateways[reader % gateways.length].ask(partner, token, fixAt(place));
        const isPrecise = status === 200 && body.includes('"precise"');
        if (isPrecise && !sentAfter) preciseBefore++;
        if (isPrecise && sentAfter) preciseAfter++;
        if (isRefusal && sentAfter && status === 200) regionAfterRefusal++;
      }
    });
    const done = isRefusal
      ? await gateways[(round + 1) % gateways.length].grant(token, partner, 'none')
      : await gateways[(round + 1) % gateways.length].withdraw(token, partner);
    if (done.status !== 200) throw new Error(`not withdrawn: ${done.status}`);
    isAcknowledged = true;
    slowestMs = Math.max(slowestMs, done.tookMs);
    await Promise.all(readers);
  }
  return { rounds, preciseBefore, preciseAfter, regionAfterRefusal, slowestMs };
}
