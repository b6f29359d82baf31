// The part of the bench that needs the gateway itself: two replicas on one store (PostgreSQL where TEST_DATABASE_URL names a
// server, else the embedded one), asked over HTTP by several partners.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Random } from '../../fixtures/random.ts';
import { KIND } from '../../src/disclosures/entry.ts';
import type { AnonymityMap } from '../../src/privacy/anonymity-map.ts';
import { TICK_MS } from '../../src/privacy/coarse-state.ts';
import { openStore, type Store } from '../../src/storage/open.ts';
import { withOwnDatabase } from '../own-database.ts';
import { enumerate } from './attack-enumeration.ts';
import { findLeaks } from './attack-leaks.ts';
import { differingCalls, differingPlaces, placesInRegion } from './attack-oracle.ts';
import { race } from './attack-race.ts';
import { timeNothing, timePlaces } from './attack-timing.ts';
import { K, START_MS } from './contest.ts';
import { COARSE_KEY, openPrivacyGateway, type Partner, type PrivacyGateway } from './gateway.ts';
import { buildMap, populationOf } from './ours.ts';
import type { Results } from './results.ts';
import { compareWithModel } from './same-as-model.ts';
import { type Country, createCountry, drawPeople, type Place } from './world.ts';

type HttpPlan = {
  readonly people: number;
  readonly ticks: number;
  readonly places: number;
  readonly calls: number;
  readonly rounds: number;
  readonly reads: number;
  readonly guesses: number;
  readonly targets: number;
  readonly timed: number;
  readonly timedTicks: number;
};
export const HTTP: HttpPlan = {
  people: 30,
  ticks: 32,
  places: 100,
  calls: 10_000,
  rounds: 20,
  reads: 100,
  guesses: 1_000,
  targets: 20,
  timed: 100_000,
  timedTicks: 500,
};

const OURS = 'Honeyguide';
/** Requests under way at a time while times are taken. */
const TOGETHER = 16;
/** Degrees, longer than a phone's shift. */
const MARGIN_DEG = 0.0022;

export async function attackOverHttp(
  seed: number,
  random: Random,
  plan: HttpPlan,
  results: Results,
  say: (text: string) => void,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'honeyguide-privacy-'));
  const url = process.env.TEST_DATABASE_URL;
  const run = async (databaseUrl?: string) => {
    const store = await openStore({ dataDir: folder, databaseUrl });
    try {
      await attack(store, seed, random, plan, results, say);
    } finally {
      await store.close();
    }
  };
  try {
    if (url === undefined) await run();
    else await withOwnDatabase(url, run);
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** Two gateways on one store, the partners that ask them, and what was measured. */
type Field = {
  readonly store: Store;
  readonly clock: { nowMs: number };
  readonly gateways: readonly PrivacyGateway[];
  readonly partners: readonly Partner[];
  readonly country: Country;
  readonly map: AnonymityMap;
  /** In one region, farther from its border than any phone is shifted. */
  readonly places: readonly Place[];
  readonly random: Random;
  readonly plan: HttpPlan;
  readonly results: Results;
  readonly say: (text: string) => void;
};

async function attack(
  store: Store,
  seed: number,
  random: Random,
  plan: HttpPlan,
  results: Results,
  say: (text: string) => void,
): Promise<void> {
  const country = createCountry('dense', seed);
  const { names, map } = buildMap(populationOf(country.residents), K);
  const clock = { nowMs: START_MS + 12 * 3_600_000 };
  const gateways: PrivacyGateway[] = [];
  try {
    for (let i = 0; i < 2; i++) gateways.push(await openPrivacyGateway(store, names, clock));
    const [gateway, replica] = gateways;
    const partners = [
      await gateway.addPartner('Bus Times'),
      await gateway.addPartner('Weather'),
      await gateway.addPartner('Games'),
    ];
    await replica.follow();
    const places = placesInside(map, country.towns[0], plan.places, random);
    const field = { store, clock, gateways, partners, country, map, places, random, plan, results, say };
    await attackModel(field);
    await attackAnswers(field);
    await attackWithdrawals(field);
    await attackLeaks(field);
    await attackTimes(field);
  } finally {
    for (const gateway of gateways) await gateway.close();
  }
  await attackAccessPoints(random, plan, results);
}

function placesInside(map: AnonymityMap, centre: Place, count: number, random: Random): Place[] {
  const region = map.regionAt(centre.lat, centre.lon);
  const isInside = ({ lat, lon }: Place) =>
    [-1, 0, 1].every((x) =>
      [-1, 0, 1].every((y) => map.regionAt(lat + y * MARGIN_DEG, lon + 1.6 * x * MARGIN_DEG) === region),
    );
  return placesInRegion(map, centre, 6 * count, random)
    .filter(isInside)
    .slice(0, count);
}

async function attackModel({ gateways, partners, country, map, random, plan, results, say }: Field): Promise<void> {
  const people = drawPeople(country, plan.people, random);
  const same = await compareWithModel(gateways, partners, map, COARSE_KEY, people, plan.ticks, random);
  results.add('G.same', OURS, same.differing);
  results.add('G.contains', OURS, same.contained);
  results.add('G.answered', OURS, same.answered);
  say(`${same.asked} answers compared with the model, ${same.differing} differ`);
}

async function attackAnswers({
  gateways,
  partners,
  country,
  places,
  random,
  plan,
  results,
  say,
}: Field): Promise<void> {
  const [gateway] = gateways;
  const token = await gateway.register();
  const where = [...places, country.towns[1], country.towns[2]];
  const moved = await differingCalls(gateway, partners, token, where, plan.calls, random);
  results.add('G.bits', OURS, moved + (await differingPlaces(gateway, partners[0], places, random)));
  say(`${plan.calls} adaptive calls and ${places.length} places`);
}

async function attackWithdrawals({ store, gateways, partners, places, plan, results, say }: Field): Promise<void> {
  const rowsBefore = await preciseRows(store);
  const late = await race(gateways, partners[0], places[0], plan.rounds, plan.reads);
  const rows = (await preciseRows(store)) - rowsBefore;
  results.add('G.rows', OURS, Math.abs(rows - late.preciseBefore - late.preciseAfter));
  results.add('G.late', OURS, late.preciseAfter);
  results.add('G.regionLate', OURS, late.regionAfterRefusal);
  results.add('G.slowest', OURS, late.slowestMs);
  say(`${late.rounds} withdrawals, ${late.preciseBefore} precise answers before, ${late.preciseAfter} after`);
}

async function attackLeaks({ store, gateways, partners, results, say }: Field): Promise<void> {
  const leaks = await findLeaks(gateways[0], store.pool, partners[0], partners[1]);
  results.add('G.canaries', OURS, leaks.length);
  for (const { where, what } of leaks) say(`leak: ${what} in ${where}`);
}

async function attackTimes({ clock, gateways, partners, places, random, plan, results, say }: Field): Promise<void> {
  const [gateway] = gateways;
  const [partner, other] = partners;
  const nowhere = { lat: -48.9, lon: -123.4 };
  const world = { gateway, partner, other, somewhere: places[0], nowhere };
  const timing = await timeNothing(world, plan.timed, TOGETHER, random);
  results.add('G.t', OURS, timing.t);
  results.add('G.auc', OURS, Math.abs(timing.auc - 0.5) + 0.5);
  say(
    `told nothing ${plan.timed} times, median ${timing.medianMs.toFixed(1)} ms, t ${timing.t.toFixed(2)} (${timing.worst}), auc ${timing.auc.toFixed(3)}`,
  );
  const ends = [places[0], places[places.length - 1]] as const;
  const apart = await timePlaces(gateway, partner, ends, plan.timedTicks, random);
  results.add('G.tPlaces', OURS, apart.t);
  say(`two places of one region, ${plan.timedTicks} ticks: t ${apart.t.toFixed(2)}`);
  clock.nowMs += TICK_MS;
}

async function attackAccessPoints(random: Random, plan: HttpPlan, results: Results): Promise<void> {
  const found = await enumerate(random, plan.guesses, plan.targets);
  results.add('G.guessed', OURS, found.guessedPerMillion);
  results.add('G.pairs', OURS, found.givenAway);
  results.add('G.fields', OURS, found.otherFields);
  results.add('G.dragnetOne', OURS, found.dragnetOne);
  results.add('G.dragnetTwo', OURS, found.dragnetTwo);
  results.add('G.pairsFound', OURS, found.pairsFound);
  results.add('G.pairsCalls', OURS, found.pairsCalls);
  results.add('G.byToken', OURS, found.foundByToken);
  results.add('G.byAddress', OURS, found.foundByAddress);
}

/** Rows of the ledger for precise answers. */
export async function preciseRows({ pool }: Pick<Store, 'pool'>): Promise<number> {
  const { rows } = await pool.query('select count(*)::int as n from ledger where kind = $1', [KIND.precise]);
  return rows[0].n;
}
