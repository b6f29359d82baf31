// The world of the speed benches: a million stations (or as many as asked) in blocks of a street, drawn from a seed straight
// into columns, and requests whose answers are known because the phone's true place is. Realistic where it costs time:
// identities as real ones are built, siblings of one router, misses, locally administered addresses, mixed radios. It says
// nothing about accuracy; real traces do (bench/accuracy).

import { offset } from '../fixtures/offset.ts';
import { createRandom, type Random } from '../fixtures/random.ts';
import { levelDbm, PATH_LOSS } from '../fixtures/signals.ts';
import { RADIO, RADIO_NAMES } from '../src/radio/cell.ts';
import { formatMac } from '../src/radio/mac.ts';

/** A block is a street corner: this many access points within earshot, one beacon, and a share of its town's cells. */
const APS_PER_BLOCK = 12;
const BLOCKS_PER_TOWN = 100;
const CELLS_PER_TOWN = 700;
const STATIONS_PER_TOWN = BLOCKS_PER_TOWN * (APS_PER_BLOCK + 1) + CELLS_PER_TOWN;
const BLOCK_RADIUS_M = 15;
const TOWN_HALF_SIDE_M = 2_000;

export type BenchWorld = {
  readonly towns: number;
  readonly stations: number;
  /** By access point: MAC and believed place (degrees). Block b holds APS_PER_BLOCK from b * APS_PER_BLOCK on. */
  readonly apMac: Float64Array;
  readonly apLat: Float64Array;
  readonly apLon: Float64Array;
  readonly blockLat: Float64Array;
  readonly blockLon: Float64Array;
  readonly beaconMac: Float64Array;
  /** By cell: town t holds CELLS_PER_TOWN from t * CELLS_PER_TOWN on; places are where the cell is heard. */
  readonly cellRadio: Uint8Array;
  readonly cellMcc: Uint16Array;
  readonly cellMnc: Uint16Array;
  readonly cellArea: Float64Array;
  readonly cellId: Float64Array;
  readonly cellLat: Float64Array;
  readonly cellLon: Float64Array;
};

export type BenchRequest = { readonly body: string; readonly lat: number; readonly lon: number };

/** Draws a world of about `stations` stations (whole towns; the answer tells how many it became). */
export function createBenchWorld(stations: number, seed = 1): BenchWorld {
  const random = createRandom(seed);
  const towns = Math.max(1, Math.round(stations / STATIONS_PER_TOWN));
  const blocks = towns * BLOCKS_PER_TOWN;
  const cells = towns * CELLS_PER_TOWN;
  const world: BenchWorld = {
    towns,
    stations: towns * STATIONS_PER_TOWN,
    apMac: new Float64Array(blocks * APS_PER_BLOCK),
    apLat: new Float64Array(blocks * APS_PER_BLOCK),
    apLon: new Float64Array(blocks * APS_PER_BLOCK),
    blockLat: new Float64Array(blocks),
    blockLon: new Float64Array(blocks),
    beaconMac: new Float64Array(blocks),
    cellRadio: new Uint8Array(cells),
    cellMcc: new Uint16Array(cells),
    cellMnc: new Uint16Array(cells),
    cellArea: new Float64Array(cells),
    cellId: new Float64Array(cells),
    cellLat: new Float64Array(cells),
    cellLon: new Float64Array(cells),
  };
  for (let town = 0; town < towns; town++) {
    // Over the Netherlands and northern India, so that MCCs, countries and both scripts of border checks are met.
    const isIndia = town % 2 === 1;
    const lat = isIndia ? random.between(23, 28) : random.between(51.5, 53.2);
    const lon = isIndia ? random.between(75, 84) : random.between(4.5, 6.8);
    for (let block = town * BLOCKS_PER_TOWN; block < (town + 1) * BLOCKS_PER_TOWN; block++)
      fillBlock(world, block, lat, lon, random);
    for (let cell = town * CELLS_PER_TOWN; cell < (town + 1) * CELLS_PER_TOWN; cell++)
      fillCell(world, cell, town, lat, lon, random);
  }
  return world;
}

/** A maker's prefix: about 400 of them, as many as make most routers; global, individual addresses. */
function makerPrefix(random: Random): number {
  return ((random.int(0, 399) * 41_957 + 0x0404) & 0xfcffff || 0x0404) * 0x1000000;
}

function fillBlock(world: BenchWorld, block: number, townLat: number, townLon: number, random: Random): void {
  const reach = TOWN_HALF_SIDE_M;
  const at = offset(townLat, townLon, random.between(-reach, reach), random.between(-reach, reach));
  world.blockLat[block] = at.lat;
  world.blockLon[block] = at.lon;
  world.beaconMac[block] = makerPrefix(random) + random.int(0, 0xffffff);
  for (let i = 0; i < APS_PER_BLOCK; i++) {
    const slot = block * APS_PER_BLOCK + i;
    // Every third access point is the second radio of the router before it: next address, same place.
    if (i % 3 === 2) {
      world.apMac[slot] = world.apMac[slot - 1] + 1;
      world.apLat[slot] = world.apLat[slot - 1];
      world.apLon[slot] = world.apLon[slot - 1];
      continue;
    }
    const ap = offset(at.lat, at.lon, random.normal(0, BLOCK_RADIUS_M), random.normal(0, BLOCK_RADIUS_M));
    world.apMac[slot] = makerPrefix(random) + random.int(0, 0x7fffff) * 2;
    world.apLat[slot] = ap.lat;
    world.apLon[slot] = ap.lon;
  }
}

function fillCell(
  world: BenchWorld,
  cell: number,
  town: number,
  townLat: number,
  townLon: number,
  random: Random,
): void {
  const inTown = cell % CELLS_PER_TOWN;
  const radio = inTown % 20 < 11 ? RADIO.lte : inTown % 20 < 15 ? RADIO.wcdma : inTown % 20 < 18 ? RADIO.gsm : RADIO.nr;
  const site = town * 60 + Math.floor(inTown / 12);
  const sector = inTown % 12;
  const reach = TOWN_HALF_SIDE_M * 1.2;
  const at = offset(townLat, townLon, random.between(-reach, reach), random.between(-reach, reach));
  world.cellRadio[cell] = radio;
  world.cellMcc[cell] = town % 2 === 1 ? 404 : 204;
  world.cellMnc[cell] = [4, 8, 16, 45][inTown % 4];
  world.cellArea[cell] = 1 + ((town * 7) % 65_000) + (radio === RADIO.nr ? 0x10_0000 : 0);
  world.cellId[cell] =
    radio === RADIO.lte
      ? (site & 0xfffff) * 256 + sector + 1
      : radio === RADIO.nr
        ? site * 4096 + sector + 1
        : radio === RADIO.wcdma
          ? 65_536 * (1 + (town % 2_000)) + (site % 5_000) * 13 + sector + 1
          : ((site % 5_000) * 13 + sector + 1) & 0xffff;
  world.cellLat[cell] = at.lat;
  world.cellLon[cell] = at.lon;
}

/**
 * Bodies as phones send them: 10 access points (8 known of one block, 1 unknown, 1 locally administered) and the town's 2
 * nearest LTE cells, with the phone's true place. About 1 kB each. Drawn without repeating a block until all are used.
 */
export function benchRequests(world: BenchWorld, count: number, seed = 2): BenchRequest[] {
  const random = createRandom(seed);
  const requests: BenchRequest[] = [];
  const blocks = world.blockLat.length;
  const stride = 7_919;
  for (let n = 0; n < count; n++) {
    const block = (n * stride) % blocks;
    const phone = offset(world.blockLat[block], world.blockLon[block], random.normal(0, 8), random.normal(0, 8));
    const wifiAccessPoints: { macAddress: string; signalStrength: number }[] = [];
    const first = random.int(0, APS_PER_BLOCK - 8);
    for (let i = 0; i < 8; i++) {
      const slot = block * APS_PER_BLOCK + first + i;
      wifiAccessPoints.push({
        macAddress: formatMac(world.apMac[slot]),
        signalStrength: level(world, slot, phone, random),
      });
    }
    const unknown = makerPrefix(random) + random.int(0, 0xffffff);
    wifiAccessPoints.splice(random.int(0, 8), 0, {
      macAddress: formatMac(unknown),
      signalStrength: random.int(-88, -60),
    });
    const local = world.apMac[block * APS_PER_BLOCK] + 0x0200_0000_0000;
    wifiAccessPoints.splice(random.int(0, 9), 0, {
      macAddress: formatMac(local),
      signalStrength: random.int(-80, -50),
    });
    const cellTowers = nearestLte(world, Math.floor(block / BLOCKS_PER_TOWN), phone).map((cell, i) => ({
      radioType: RADIO_NAMES[world.cellRadio[cell]],
      mobileCountryCode: world.cellMcc[cell],
      mobileNetworkCode: world.cellMnc[cell],
      locationAreaCode: world.cellArea[cell],
      cellId: world.cellId[cell],
      signalStrength: random.int(-105, -75) - 6 * i,
    }));
    requests.push({ body: JSON.stringify({ wifiAccessPoints, cellTowers }), ...phone });
  }
  return requests;
}

function level(world: BenchWorld, slot: number, phone: { lat: number; lon: number }, random: Random): number {
  const scale = Math.cos((phone.lat * Math.PI) / 180);
  const awayM = 111_195 * Math.hypot(world.apLat[slot] - phone.lat, (world.apLon[slot] - phone.lon) * scale);
  return levelDbm('2.4', awayM, random.normal(0, PATH_LOSS['2.4'].sigmaDb)) ?? -90;
}

function nearestLte(world: BenchWorld, town: number, phone: { lat: number; lon: number }): number[] {
  const best = [-1, -1];
  const away = [Infinity, Infinity];
  for (let cell = town * CELLS_PER_TOWN; cell < (town + 1) * CELLS_PER_TOWN; cell++) {
    if (world.cellRadio[cell] !== RADIO.lte) continue;
    const squared = (world.cellLat[cell] - phone.lat) ** 2 + ((world.cellLon[cell] - phone.lon) * 0.7) ** 2;
    if (squared < away[0]) {
      best[1] = best[0];
      away[1] = away[0];
      best[0] = cell;
      away[0] = squared;
    } else if (squared < away[1]) {
      best[1] = cell;
      away[1] = squared;
    }
  }
  return best;
}
