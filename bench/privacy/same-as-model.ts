// Is what is attacked in process what the gateway does? People of the bench's world carry phones that are asked over HTTP, by
// two partners through two replicas; every answer is compared with the in-process mechanism given the same phone's id. While
// at it: how often there is an answer, and whether the person is in the circle.
import { offset } from '../../fixtures/offset.ts';
import type { Random } from '../../fixtures/random.ts';
import { distanceM } from '../../src/geo/distance.ts';
import type { AnonymityMap } from '../../src/privacy/anonymity-map.ts';
import { TICK_MS } from '../../src/privacy/coarse-state.ts';
import { fixAt } from './attack-oracle.ts';
import type { Partner, PrivacyGateway } from './gateway.ts';
import { oursKnowing } from './ours.ts';
import { type Person, whereIs } from './world.ts';

const FIX_SIGMA_M = 30;

type Sameness = {
  readonly asked: number;
  readonly differing: number;
  readonly answered: number;
  readonly contained: number;
};

/** `ticks` quarters of an hour from the gateways' clock on; all gateways share it. */
export async function compareWithModel(
  gateways: readonly PrivacyGateway[],
  partners: readonly Partner[],
  map: AnonymityMap,
  coarseKey: Uint8Array,
  people: readonly Person[],
  ticks: number,
  random: Random,
): Promise<Sameness> {
  const phones = await Promise.all(
    people.map(async (person) => {
      const token = await gateways[0].register();
      return { person, token, model: oursKnowing(map, coarseKey, await gateways[0].deviceOf(token)) };
    }),
  );
  const { clock } = gateways[0];
  let differing = 0;
  let asked = 0;
  let answered = 0;
  let contained = 0;
  for (let tick = 0; tick < ticks; tick++) {
    clock.nowMs += TICK_MS;
    await Promise.all(
      phones.map(async ({ person, token, model }) => {
        // Not everybody is asked every quarter of an hour.
        if (random.chance(0.3)) return;
        const at = whereIs(person, clock.nowMs);
        const fix = offset(at.lat, at.lon, random.normal(0, FIX_SIGMA_M), random.normal(0, FIX_SIGMA_M));
        const expected = model(fix.lat, fix.lon, clock.nowMs);
        const { status, body } = await random.pick(gateways).ask(random.pick(partners), token, fixAt(fix));
        const told = status === 200 ? JSON.parse(body) : null;
        asked++;
        if ((told?.region ?? null) !== (expected?.name ?? null)) differing++;
        if (told === null) return;
        answered++;
        if (distanceM(told.location.lat, told.location.lng, at.lat, at.lon) <= told.accuracy) contained++;
      }),
    );
  }
  return { asked, differing, answered: answered / asked, contained: contained / answered };
}
