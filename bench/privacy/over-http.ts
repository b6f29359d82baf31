// The part of the bench that needs the gateway itself: two replicas on one store (PostgreSQL where TEST_DATABASE_URL names a
// server, else the embedded one), asked over HTTP by several partners.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Random } from '../../fixtures/random.ts';
import { KIND } from '../../src/disclosures/entry.ts';
import { TICK_MS } from '../../src/privacy/coarse-state.ts';
import { openStore, type Store } from '../../src/storage/open.ts';
import { withOwnDatabase } from '../own-database.ts';
import { enumerate } from './attack-enumeration.ts';
import { findLeaks } from './attack-leaks.ts';
import { differingCalls, differingPlaces, placesInRegion } from './attack-oracle.ts';
import { race } from './attack-race.ts';
import { timeNothing, timePlaces } from './attack-timing.ts';
import { K, START_MS } from './contest.ts';
import { COARSE_KEY, openPrivacyGateway, type PrivacyGateway } from './gateway.ts';
import { buildMap, populationOf } from './ours.ts';
import type { Results } from './results.ts';
import { compareWithModel } from './same-as-model.ts';
import { createCountry, drawPeople, type Place } from './world.ts';

export type HttpPlan = {
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
    const centre = country.towns[0];
    const isInside = ({ lat, lon }: Place) =>
      [-1, 0, 1].every((x) =>
        [-1, 0, 1].every(
          (y) =>
            map.regionAt(lat + y * MARGIN_DEG, lon + 1.6 * x * MARGIN_DEG) === map.regionAt(centre.lat, centre.lon),
        ),
      );
    const places = placesInRegion(map, centre, 6 * plan.places, random)
      .filter(isInside)
      .slice(0, plan.places);

    const same = await compareWithModel(
      gateways,
      partners,
      map,
      COARSE_KEY,
      drawPeople(country, plan.people, random),
      plan.ticks,
      random,
    );
    results.add('G.same', OURS, same.differing);
    results.add('G.contains', OURS, same.contained);
    results.add('G.answered', OURS, same.answered);
    say(`${same.asked} answers compared with the model, ${same.differing} differ`);

    const token = await gateway.register();
    const moved = await differingCalls(
      gateway,
      partners,
      token,
      [...places, country.towns[1], country.towns[2]],
      plan.calls,
      random,
    );
    results.add('G.bits', OURS, moved + (await differingPlaces(gateway, partners[0], places, random)));
    say(`${plan.calls} adaptive calls and ${places.length} places`);

    const rowsBefore = await preciseRows(store);
    const late = await race(gateways, partners[0], places[0], plan.rounds, plan.reads);
    const rows = (await preciseRows(store)) - rowsBefore;
    results.add('G.rows', OURS, Math.abs(rows - late.preciseBefore - late.preciseAfter));
    results.add('G.late', OURS, late.preciseAfter);
    results.add('G.regionLate', OURS, late.regionAfterRefusal);
    results.add('G.slowest', OURS, late.slowestMs);
    say(`${late.rounds} withdrawals, ${late.preciseBefore} precise answers before, ${late.preciseAfter} after`);

    const leaks = await findLeaks(gateway, store.pool, partners[0], partners[1]);
    results.add('G.canaries', OURS, leaks.length);
    for (const { where, what } of leaks) say(`leak: ${what} in ${where}`);

    const nowhere = { lat: -48.9, lon: -123.4 };
    const timing = await timeNothing(
      { gateway, partner: partners[0], other: partners[1], somewhere: places[0], nowhere },
      plan.timed,
      TOGETHER,
      random,
    );
    results.add('G.t', OURS, timing.t);
    results.add('G.auc', OURS, Math.abs(timing.auc - 0.5) + 0.5);
    say(
      `told nothing ${plan.timed} times, median ${timing.medianMs.toFixed(1)} ms, t ${timing.t.toFixed(2)} (${timing.worst}), auc ${timing.auc.toFixed(3)}`,
    );
    const apart = await timePlaces(
      gateway,
      partners[0],
      [places[0], places[places.length - 1]],
      plan.timedTicks,
      random,
    );
    results.add('G.tPlaces', OURS, apart.t);
    say(`two places of one region, ${plan.timedTicks} ticks: t ${apart.t.toFixed(2)}`);
    clock.nowMs += TICK_MS;
  } finally {
    for (const gateway of gateways) await gateway.close();
  }
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
