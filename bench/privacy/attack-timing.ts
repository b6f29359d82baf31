// A12, timing: is one way of being told nothing told apart from another by how long it takes? Requests of all kinds in random
// order, several under way at once as on a busy gateway; every pair compared by Welch's t (4.5 is a leak in TVLA, as dudect
// has it) and by the area under the curve of the best threshold. The same between two places of one region.
import type { Random } from '../../fixtures/random.ts';
import { TICK_MS } from '../../src/privacy/coarse-state.ts';
import { fixAt } from './attack-oracle.ts';
import type { Partner, PrivacyGateway } from './gateway.ts';
import type { Place } from './world.ts';

type Timing = { readonly t: number; readonly auc: number; readonly worst: string; readonly medianMs: number };
type Kind = { readonly name: string; ask(): Promise<number> };

type TimingWorld = {
  readonly gateway: PrivacyGateway;
  readonly partner: Partner;
  readonly other: Partner;
  /** In a region, and in none. */
  readonly somewhere: Place;
  readonly nowhere: Place;
};

/** All ways of being told nothing. */
export async function timeNothing(
  { gateway, partner, other, somewhere, nowhere }: TimingWorld,
  requests: number,
  together: number,
  random: Random,
): Promise<Timing> {
  const adult = { ageBand: '18plus', jurisdiction: 'NL' };
  const [unlocated, suppressed, restricted, refused, elsewhere] = await Promise.all(
    [adult, adult, adult, adult, adult].map((profile) => gateway.register(profile)),
  );
  const child = await gateway.register({ ageBand: 'under13', jurisdiction: 'NL' });
  await gateway.restrict(restricted);
  await gateway.grant(refused, partner, 'none');
  const ofAnother = await gateway.applicationToken(elsewhere, other);
  const unknown = `hgt_${'A'.repeat(43)}`;
  const time = (token: string, body: object) => async () => {
    const { status, tookMs } = await gateway.ask(partner, token, body);
    if (status !== 404) throw new Error(`told something: ${status}`);
    return tookMs;
  };
  const kinds: Kind[] = [
    { name: 'unlocated', ask: time(unlocated, { considerIp: false }) },
    { name: 'suppressed', ask: time(suppressed, fixAt(nowhere)) },
    { name: 'unknown', ask: time(unknown, fixAt(somewhere)) },
    { name: 'child', ask: time(child, fixAt(somewhere)) },
    { name: 'restricted', ask: time(restricted, fixAt(somewhere)) },
    { name: 'refused', ask: time(refused, fixAt(somewhere)) },
    { name: 'another application’s token', ask: time(ofAnother, fixAt(somewhere)) },
  ];
  return compare(await measure(kinds, requests, together, random));
}

/** Phones in two places of one region, each asked once a tick, which is when a place is looked at. */
export async function timePlaces(
  gateway: PrivacyGateway,
  partner: Partner,
  places: readonly [Place, Place],
  ticks: number,
  random: Random,
): Promise<Timing> {
  const tokens = [await gateway.register(), await gateway.register()];
  const times: Map<string, number[]> = new Map([
    ['one', []],
    ['other', []],
  ]);
  for (let tick = 0; tick < ticks; tick++) {
    gateway.clock.nowMs += TICK_MS;
    const order = random.chance(0.5) ? [0, 1] : [1, 0];
    for (const i of order) {
      const { status, tookMs } = await gateway.ask(partner, tokens[i], fixAt(places[i]));
      if (status !== 200) throw new Error(`told nothing: ${status}`);
      times.get(i === 0 ? 'one' : 'other')!.push(tookMs);
    }
  }
  return compare(times);
}

async function measure(
  kinds: readonly Kind[],
  requests: number,
  together: number,
  random: Random,
): Promise<Map<string, number[]>> {
  const times = new Map<string, number[]>(kinds.map(({ name }) => [name, []]));
  for (const { ask } of kinds) await ask();
  let left = requests;
  async function one(): Promise<void> {
    while (left-- > 0) {
      const kind = random.pick(kinds);
      times.get(kind.name)!.push(await kind.ask());
    }
  }
  await Promise.all(Array.from({ length: together }, one));
  return times;
}

function compare(times: ReadonlyMap<string, readonly number[]>): Timing {
  const names = [...times.keys()];
  let worst = { t: 0, auc: 0.5, worst: '' };
  for (let i = 0; i < names.length; i++) {
    for (let j = 0; j < i; j++) {
      const [a, b] = [times.get(names[i])!, times.get(names[j])!];
      const t = Math.abs(welchT(a, b));
      if (t > worst.t) worst = { t, auc: areaUnderCurve(a, b), worst: `${names[j]} and ${names[i]}` };
    }
  }
  const all = [...times.values()].flat().sort((a, b) => a - b);
  return { ...worst, medianMs: all[all.length >> 1] };
}

/** Of times without their slowest hundredth, which pauses of the machine make, as dudect crops them. */
export function welchT(a: readonly number[], b: readonly number[]): number {
  const cut = [...a, ...b].sort((x, y) => x - y)[Math.floor(0.99 * (a.length + b.length - 1))];
  const [first, second] = [a, b].map((times) => {
    const kept = times.filter((ms) => ms <= cut);
    const mean = kept.reduce((sum, ms) => sum + ms, 0) / kept.length;
    return { mean, error: kept.reduce((sum, ms) => sum + (ms - mean) ** 2, 0) / (kept.length - 1) / kept.length };
  });
  return (first.mean - second.mean) / Math.sqrt(first.error + second.error);
}

/** Chance that a time of `a` is longer than one of `b`, ties half; 0.5 = not told apart. */
export function areaUnderCurve(a: readonly number[], b: readonly number[]): number {
  const sorted = [...b].sort((x, y) => x - y);
  let sum = 0;
  for (const ms of a) {
    let low = 0;
    let high = sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sorted[middle] < ms) low = middle + 1;
      else high = middle;
    }
    let upTo = low;
    while (upTo < sorted.length && sorted[upTo] === ms) upTo++;
    sum += (low + (upTo - low) / 2) / sorted.length;
  }
  return sum / a.length;
}
