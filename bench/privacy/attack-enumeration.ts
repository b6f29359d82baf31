// A10, enumerating access points through /v1/geolocate: (a) guessed addresses, two a call; (b) a target beside an address
// that does not exist; (c) beside one, or two, of the attacker's own far away; (d) a target that moves; (e) what the answer
// says of others; (f) a dragnet: the target beside one or two known access points from each of many blocks of a city, since
// only where the target stands there is company enough; (g) the search that is left, two blocks a call, under the daily
// budget of strays. Asked over HTTP of the real app with the real locator.
import { offset } from '../../fixtures/offset.ts';
import type { Random } from '../../fixtures/random.ts';
import { loadConfig } from '../../src/config/env.ts';
import { distanceM } from '../../src/geo/distance.ts';
import { createStrayMemory, openStrayBudget, type StrayLimits } from '../../src/http/stray-budget.ts';
import { createLocator } from '../../src/positioning/locate.ts';
import { parseMac } from '../../src/radio/mac.ts';
import { MAC_KIND, STATION_FLAG, type StationReader } from '../../src/stations/index-contract.ts';
import { createTestApp, DEVICE_KEY } from '../../test/support/app.ts';
import { createMemoryStations } from '../../test/support/memory-stations.ts';

const CITY = { lat: 48.2, lon: 16.37 };
/** Blocks farther apart than the 500 m within which access points vouch for each other. */
const BLOCK_M = 600;
const BLOCKS_A_SIDE = 30;
const APS_A_BLOCK = 12;
/** Access points that one call may list. */
const MOST_A_CALL = 128;

type EnumerationResult = {
  /** Access points placed per million calls of two guesses within one maker's range. */
  readonly guessedPerMillion: number;
  /** Answers that came with the target and would not have come, or not the same, with one that nobody knows: of (b), (c), (d). */
  readonly givenAway: number;
  /** Fields of an answer beyond location and accuracy. */
  readonly otherFields: number;
  /** Share of targets that the dragnet finds within 200 m, with 1 and with 2 known access points a block. */
  readonly dragnetOne: number;
  readonly dragnetTwo: number;
  /** With two blocks a call, as few as a scan may hold: share found in the whole city, and calls until then, mean over those found. */
  readonly pairsFound: number;
  readonly pairsCalls: number;
  /** By two blocks a call: share of targets that a phone's token finds in a day, and targets that an address does. */
  readonly foundByToken: number;
  readonly foundByAddress: number;
};

type Point = { readonly mac: string; readonly lat: number; readonly lon: number };
type Ask = (macs: readonly string[], token?: string) => Promise<Record<string, unknown> | null>;

export async function enumerate(random: Random, guesses: number, targets: number): Promise<EnumerationResult> {
  const stations = createMemoryStations();
  const today = Math.floor(Date.UTC(2026, 5, 1) / 86_400_000);
  const put = ({ mac, lat, lon }: Point, flags: number = STATION_FLAG.gnss) =>
    stations.putMac(MAC_KIND.wifi, parseMac(mac), { lat, lon, radiusM: 50, samples: 60, lastSeenDay: today, flags });
  const blocks = layOut(random);
  for (const block of blocks) for (const point of block) put(point);
  const moving = { mac: macOf(0xa0_b1_c2, 1), ...CITY };
  put(moving, STATION_FLAG.gnss | STATION_FLAG.moved);
  const own = [0, 1].map((i) => ({
    mac: macOf(0x0c_0d_0e, i * 0x1_0000),
    ...offset(CITY.lat, CITY.lon, 90_000 + 100 * i, 0),
  }));
  for (const point of own) put(point);

  const { ask, close } = await openGateway(stations);
  const { strays } = loadConfig({});
  const phones = await openGateway(stations, { ...strays, address: 0 });
  const address = await openGateway(stations, strays);
  try {
    const one = await dragnets(blocks, 1, MOST_A_CALL - 1, ask, random, targets);
    const two = await dragnets(blocks, 2, Math.floor((MOST_A_CALL - 1) / 2), ask, random, targets);
    const pairs = await dragnets(blocks, 1, 2, ask, random, Math.ceil(targets / 3));
    return {
      guessedPerMillion: ((await guess(ask, random, guesses)) / guesses) * 1e6,
      givenAway: await pairings(ask, blocks, moving, own, random, targets),
      otherFields: Object.keys((await ask(blocks[0].map(({ mac }) => mac))) ?? {}).filter(
        (field) => field !== 'location' && field !== 'accuracy',
      ).length,
      dragnetOne: one.found,
      dragnetTwo: two.found,
      pairsFound: pairs.found,
      pairsCalls: pairs.calls,
      foundByToken:
        (await search(blocks, (macs, i) => phones.ask(macs, `hgt_${i}`), random, 3 * targets)) / (3 * targets),
      foundByAddress: await search(blocks, (macs) => address.ask(macs), random, 3 * targets),
    };
  } finally {
    await close();
    await phones.close();
    await address.close();
  }
}

/** The app over a port of its own; every call comes from one address, as far as `limits` go. */
async function openGateway(
  stations: StationReader,
  limits?: StrayLimits,
): Promise<{ ask: Ask; close(): Promise<void> }> {
  const { app, clock } = await createTestApp({
    locator: createLocator({ stations, ip: { find: () => null } }),
    strayBudget: limits && openStrayBudget(createStrayMemory(8), { a: 1, b: 2 }, limits, () => '192.0.2.1'),
  });
  clock.nowMs = Date.UTC(2026, 5, 1, 12);
  const base = await app.listen({ port: 0, host: '127.0.0.1' });
  return {
    async ask(macs, token = '') {
      const answer = await fetch(`${base}/v1/geolocate?key=${DEVICE_KEY}&device=${token}`, {
        method: 'POST',
        body: JSON.stringify({
          considerIp: false,
          wifiAccessPoints: macs.map((macAddress) => ({ macAddress, signalStrength: -60 })),
        }),
      });
      const body = (await answer.json()) as Record<string, unknown>;
      return answer.status === 200 ? body : null;
    },
    close: async () => void (await app.close()),
  };
}

function macOf(maker: number, tail: number): string {
  return (maker * 2 ** 24 + tail).toString(16).padStart(12, '0');
}

/** A city of blocks, each with a dozen access points of a few makers. */
function layOut(random: Random): Point[][] {
  const blocks: Point[][] = [];
  for (let i = 0; i < BLOCKS_A_SIDE ** 2; i++) {
    const x = (i % BLOCKS_A_SIDE) * BLOCK_M;
    const y = Math.floor(i / BLOCKS_A_SIDE) * BLOCK_M;
    blocks.push(
      Array.from({ length: APS_A_BLOCK }, () => ({
        mac: macOf(0x00_1a_2b, random.int(0, 0xff_ffff)),
        ...offset(CITY.lat, CITY.lon, x + random.between(-40, 40), y + random.between(-40, 40)),
      })),
    );
  }
  return blocks;
}

async function guess(ask: Ask, random: Random, calls: number): Promise<number> {
  let learnt = 0;
  for (let i = 0; i < calls; i++) {
    const found = await ask([macOf(0x00_1a_2b, random.int(0, 0xff_ffff)), macOf(0x00_1a_2b, random.int(0, 0xff_ffff))]);
    if (found !== null) learnt += 2;
  }
  return learnt;
}

/** (b), (c), (d): how many answers the target changed. */
async function pairings(
  ask: Ask,
  blocks: Point[][],
  moving: Point,
  own: readonly Point[],
  random: Random,
  targets: number,
): Promise<number> {
  const ownMacs = own.map(({ mac }) => mac);
  // Beside one that nobody knows: that something is heard which the map does not know widens a circle, whatever it is.
  const withoutTarget = JSON.stringify(await ask([...ownMacs, macOf(0x00_1a_2c, 1)]));
  let givenAway = 0;
  for (let i = 0; i < targets; i++) {
    const { mac } = random.pick(random.pick(blocks));
    if ((await ask([mac, macOf(0x02_00_11, random.int(0, 0xff_ffff))])) !== null) givenAway++;
    if ((await ask([mac, ownMacs[0]])) !== null) givenAway++;
    if (JSON.stringify(await ask([...ownMacs, mac])) !== withoutTarget) givenAway++;
    if ((await ask([moving.mac, mac])) !== null) givenAway++;
  }
  return givenAway;
}

/** (f): the attacker walked the city and knows `each` access points of every block, but not the target. */
async function dragnets(
  blocks: Point[][],
  each: number,
  perCall: number,
  ask: Ask,
  random: Random,
  targets: number,
): Promise<{ found: number; calls: number }> {
  const known = blocks.map((block) => block.slice(0, each).map(({ mac }) => mac));
  let found = 0;
  let calls = 0;
  for (let i = 0; i < targets; i++) {
    const target = random.pick(random.pick(blocks).slice(each));
    for (let from = 0, asked = 0; from < known.length; from += perCall) {
      asked++;
      const macs = known.slice(from, from + perCall).flat();
      const answer = (await ask([...macs, target.mac])) as { location: { lat: number; lng: number } } | null;
      // With two a block every block answers for itself; what counts is what the target changes.
      const without = each === 1 ? null : JSON.stringify(await ask(macs));
      if (answer === null || JSON.stringify(answer) === without) continue;
      if (distanceM(answer.location.lat, answer.location.lng, target.lat, target.lon) > 200) continue;
      found++;
      calls += asked;
      break;
    }
  }
  return { found: found / targets, calls: found === 0 ? Number.NaN : calls / found };
}

/** (g): how many of `targets` are found, one after another, each from a block at random on. */
async function search(
  blocks: Point[][],
  ask: (macs: readonly string[], target: number) => ReturnType<Ask>,
  random: Random,
  targets: number,
): Promise<number> {
  let found = 0;
  for (let i = 0; i < targets; i++) {
    const target = random.pick(random.pick(blocks).slice(1));
    const start = random.int(0, blocks.length - 1);
    const known = [...blocks.slice(start), ...blocks.slice(0, start)].map(([first]) => first.mac);
    for (let from = 0; from < known.length; from += 2) {
      const answer = await ask([...known.slice(from, from + 2), target.mac], i);
      if (answer === null) continue;
      found++;
      break;
    }
  }
  return found;
}
