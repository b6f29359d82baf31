// `node bench/poison.ts`: what k colluding networks can do to the map, by what they pay: one network each. An access point
// that n honest witnesses established over three days is lured away, by floods of sharp, loud reports at the distance that
// works best, after its tiles were made coarse or not, or contradicted from far off, or stretched. Days are days of arrival;
// what a report claims does not matter. Pure fold, no store; the same numbers each time. Not a limit: other attacks may be
// better, so the numbers are what an attacker gets at least.

import { distanceM } from '../src/geo/distance.ts';
import { foldStation, type LearntStation, unknownStation } from '../src/stations/fold.ts';
import type { Sighting } from '../src/stations/sighting.ts';
import { DAY_MS } from '../src/time/spans.ts';

const START_MS = Date.UTC(2026, 5, 1, 12);
const HOME = { lat: 48.2, lon: 16.37 };
/** Beside the honest places, and ever farther: what lies under 150 m may join them, what lies beyond 500 m contradicts. */
const LURES_M = [20, 40, 60, 80, 90, 120, 140, 160, 200, 300, 450];
const FAR_M = 3_000;
/** A line of heaps that would make a station longer than any access point reaches. */
const LINE_M = [60, 120, 180, 240, 300, 360, 420, 480, 540, 600, 660, 720];
/** More tiles than a station has. */
const SCATTERED = 60;
const HONEST_DAYS = 3;
const QUIET_DAYS = 10;
const ABANDONED_DAYS = 500;
/** How much fainter it is heard through a house's walls. */
const WALLS_DB = 20;
/** How far ahead of a station that is chased, and how far from where it stands at most. */
const STEP_M = 60;
const CHASES_M = [60, 80, 95, 110, 130];
/** More than counts. */
const FLOOD = 300;

/** What k networks reach against a station of n witnesses. Shifts in metres, of a station that still answers; days of arrival. */
type Poisoning = {
  witnesses: number;
  networks: number;
  shiftIn1DayM: number;
  shiftIn7DaysM: number;
  shiftIn30DaysM: number;
  /** The same while one honest witness a day passes by. */
  shiftIn7DaysWatchedM: number;
  /** In 30 and 90 days of which each has an honest witness, of floods that go along with it, a step ahead. */
  chasedIn30DaysM: number;
  chasedIn90DaysM: number;
  /** The same, begun ten days after the last honest witness. */
  shiftIn7DaysLaterM: number;
  /** Begun 500 days later: what honest ones said has faded. */
  shiftIn7DaysAbandonedM: number;
  /** In one day, and in 7, of a station that its honest witnesses heard through the walls of a house. */
  faintIn1DayM: number;
  faintIn7DaysM: number;
  /** Its radius after seven such days; it began below 30 m. */
  radiusAfter7DaysM: number;
  /** Days until it says nothing, null = it went on answering for 7. */
  silencedAfterDays: number | null;
  /** Days until a station that nobody knew answers where they want it, null = not within 7. */
  inventedAfterDays: number | null;
};

function hear(day: number, contributor: number, northM: number, eastM: number, more: Partial<Sighting> = {}): Sighting {
  return {
    lat: HOME.lat + northM / 111_195,
    lon: HOME.lon + eastM / (111_195 * Math.cos((HOME.lat * Math.PI) / 180)),
    accuracyM: 5,
    speedMps: 1,
    gapMs: 0,
    dbm: -65,
    timeMs: START_MS + day * DAY_MS,
    receivedAtMs: START_MS + day * DAY_MS,
    fused: false,
    contributor,
    trusted: false,
    ...more,
  };
}

/** Ten sightings around the station, up to 30 m off, the fainter the farther. */
const passBy = (day: number, who: number, wallsDb = 0): Sighting[] =>
  Array.from({ length: 10 }, (_, i) => {
    const [angle, awayM] = [who + (i * Math.PI) / 5, 10 + 2 * i];
    const dbm = Math.round(-31 - 30 * Math.log10(awayM)) - wallsDb;
    return hear(day, who, awayM * Math.cos(angle), awayM * Math.sin(angle), { dbm });
  });

/** Reports of k networks all around, so that the grid of tiles coarsens until they fit. */
const scatter = (day: number, networks: number): Sighting[] =>
  Array.from({ length: networks * SCATTERED }, (_, i) => {
    const angle = (2 * Math.PI * i) / (networks * SCATTERED);
    return hear(day, 1_000 * (day + 1) + (i % networks), 100 * Math.cos(angle), 100 * Math.sin(angle), { dbm: -90 });
  });

/** One day of k networks: floods at a distance, said to be heard today and yesterday. */
const flood = (day: number, networks: number, northM: number): Sighting[] =>
  Array.from({ length: networks * FLOOD }, (_, i) =>
    hear(day, 1_000 * (day + 1) + (i % networks), northM + (i % 7), i % 5, {
      accuracyM: 1,
      dbm: -30,
      timeMs: START_MS + (day - (i % 2)) * DAY_MS,
    }),
  );

const foldDay = (station: LearntStation, day: number, heard: readonly Sighting[]) =>
  foldStation('wifi', station, heard, START_MS + day * DAY_MS + 3_600_000);

function establish(witnesses: number, wallsDb = 0): LearntStation {
  let station = unknownStation();
  for (let day = 0; day < HONEST_DAYS; day++) {
    const all = Array.from({ length: witnesses }, (_, who) => passBy(day, who + 1, wallsDb)).flat();
    station = foldDay(station, day, all);
  }
  return station;
}

/** The station after each of `days` days of floods. */
function attack(
  from: LearntStation,
  networks: number,
  northM: number,
  { days = 7, start = HONEST_DAYS, watched = false, coarse = false }: Attack,
) {
  const after: LearntStation[] = [];
  let station = from;
  for (let day = start; day < start + days; day++) {
    const wide = coarse && day === start ? scatter(day, networks) : [];
    station = foldDay(station, day, [...wide, ...flood(day, networks, northM), ...(watched ? passBy(day, 1) : [])]);
    after.push(station);
  }
  return after;
}

type Attack = { days?: number; start?: number; watched?: boolean; coarse?: boolean };

/** The station after each of seven days on which k networks hear it all along a line. */
function stretch(from: LearntStation, networks: number): LearntStation[] {
  const after: LearntStation[] = [];
  let station = from;
  for (let day = HONEST_DAYS; day < HONEST_DAYS + 7; day++) {
    const line = LINE_M.flatMap((m) => flood(day, networks, m).slice(0, networks * 5));
    station = foldDay(station, day, line);
    after.push(station);
  }
  return after;
}

/** The station after `days` days of floods a step ahead of it, beside one honest witness a day; the worst of several limits. */
function chase(known: LearntStation, networks: number, days: number): number {
  return Math.max(
    ...CHASES_M.map((mostM) => {
      let station = known;
      for (let day = HONEST_DAYS; day < HONEST_DAYS + days; day++) {
        const lure = flood(day, networks, Math.min(shiftM(known, station) + STEP_M, mostM));
        station = foldDay(station, day, [...lure, ...passBy(day, 1)]);
      }
      return shiftM(known, station);
    }),
  );
}

const answers = ({ believed }: LearntStation) => believed.lat !== null && believed.lon !== null;

/** Metres between two stations that answer, 0 if the second does not. */
function shiftM(a: LearntStation, b: LearntStation): number {
  if (!answers(a) || !answers(b)) return 0;
  return distanceM(a.believed.lat!, a.believed.lon!, b.believed.lat!, b.believed.lon!);
}

const dayOf = (stations: readonly LearntStation[], is: (station: LearntStation) => boolean) => {
  const index = stations.findIndex(is);
  return index < 0 ? null : index + 1;
};

export function measurePoisoning(witnesses: number, networks: number): Poisoning {
  const known = establish(witnesses);
  const faint = establish(witnesses, WALLS_DB);
  const most = (from: LearntStation, how: Attack, measure: (after: LearntStation) => number) =>
    Math.max(
      ...LURES_M.flatMap((m) =>
        [false, true].map((coarse) => measure(attack(from, networks, m, { ...how, coarse }).at(-1)!)),
      ),
    );
  const worst = (how: Attack, from = known) => most(from, how, (after) => shiftM(from, after));
  const isSilent = (station: LearntStation) => !answers(station);
  const silenced = [attack(known, networks, FAR_M, {}), stretch(known, networks)].map((days) => dayOf(days, isSilent));
  return {
    witnesses,
    networks,
    shiftIn1DayM: worst({ days: 1 }),
    shiftIn7DaysM: worst({}),
    shiftIn30DaysM: worst({ days: 30 }),
    shiftIn7DaysWatchedM: worst({ watched: true }),
    chasedIn30DaysM: chase(known, networks, 30),
    chasedIn90DaysM: chase(known, networks, 90),
    shiftIn7DaysLaterM: worst({ start: HONEST_DAYS + QUIET_DAYS }),
    shiftIn7DaysAbandonedM: worst({ start: HONEST_DAYS + ABANDONED_DAYS }),
    faintIn1DayM: worst({ days: 1 }, faint),
    faintIn7DaysM: worst({}, faint),
    radiusAfter7DaysM: most(known, {}, ({ believed }) => believed.radiusM ?? 0),
    silencedAfterDays: silenced.every((day) => day === null)
      ? null
      : Math.min(...silenced.map((day) => day ?? Number.POSITIVE_INFINITY)),
    inventedAfterDays: dayOf(attack(unknownStation(), networks, FAR_M, {}), answers),
  };
}

/** A Markdown table. */
function printPoisoning(rows: readonly Poisoning[]): string {
  const metres = (m: number) => `${m.toFixed(0)} m`;
  const days = (n: number | null) => (n === null ? 'no' : `yes, day ${n}`);
  const header = [
    'honest witnesses',
    'colluding networks',
    'moved in 1 day',
    'in 7 days',
    'in 30 days',
    'in 7 days, watched',
    'in 30 days, chased',
    'in 90 days, chased',
    'begun 10 days later',
    'begun 500 days later',
    'heard through walls, in 1 day',
    'in 7 days',
    'radius in 7 days',
    'silenced',
    'invented',
  ];
  const lines = rows.map((r) => [
    r.witnesses,
    r.networks,
    metres(r.shiftIn1DayM),
    metres(r.shiftIn7DaysM),
    metres(r.shiftIn30DaysM),
    metres(r.shiftIn7DaysWatchedM),
    metres(r.chasedIn30DaysM),
    metres(r.chasedIn90DaysM),
    metres(r.shiftIn7DaysLaterM),
    metres(r.shiftIn7DaysAbandonedM),
    metres(r.faintIn1DayM),
    metres(r.faintIn7DaysM),
    metres(r.radiusAfter7DaysM),
    days(r.silencedAfterDays),
    days(r.inventedAfterDays),
  ]);
  return [header, header.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

if (import.meta.main) {
  const rows = [3, 10].flatMap((n) => [1, 2, 3, 5].map((k) => measurePoisoning(n, k)));
  console.log(printPoisoning(rows));
}
