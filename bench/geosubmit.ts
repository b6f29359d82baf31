// How fast reports are taken in, beside a bare Fastify route that puts the same items into one multi-row insert a call: both
// on one PostgreSQL, a process each, load in alternation. Ours reads every field, judges it, packs it and shares inserts
// between calls. Needs TEST_DATABASE_URL; run by itself it prints one line.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { createRandom } from '../fixtures/random.ts';
import { openStore } from '../src/storage/open.ts';
import type { StoreAddress } from '../src/storage/pool.ts';
import { saturate, type Target } from './http/load.ts';
import type { SubmitServe } from './http/submit-server.ts';
import { withOwnDatabase } from './own-database.ts';
import { abba, median, pairedRatio } from './statistics.ts';

/** Medians over windows; `ratio` = ours over bare, of calls acknowledged a second. */
type GeosubmitBench = { ratio: number; oursPerS: number; barePerS: number; itemsPerCall: number };

const BODIES = 500;
const ITEMS = 10;
const HEARD = 12;
const CONNECTIONS = 32;

/** Bodies as stumblers send them: ITEMS fixes along a walk, a cell and HEARD access points each. */
function submitBodies(): string[] {
  const random = createRandom(11);
  const hex = () => random.int(0, 0xff_ffff).toString(16).padStart(6, '0');
  return Array.from({ length: BODIES }, () => {
    const items = Array.from({ length: ITEMS }, () => ({
      timestamp: Date.now() - random.int(0, 3_600_000),
      position: {
        latitude: random.between(40, 50),
        longitude: random.between(0, 20),
        accuracy: random.int(4, 30),
        altitude: 80,
        speed: 1,
      },
      cellTowers: [
        {
          radioType: 'lte',
          mobileCountryCode: 262,
          mobileNetworkCode: 1,
          locationAreaCode: 5,
          cellId: random.int(1, 1e8),
          signalStrength: -100,
          serving: 1,
        },
      ],
      wifiAccessPoints: Array.from({ length: HEARD }, () => ({
        macAddress: `001a2b${hex()}`,
        signalStrength: -random.int(40, 90),
      })),
    }));
    return JSON.stringify({ items });
  });
}

async function startServer(options: SubmitServe): Promise<{ target: Target; stop(): void }> {
  const child = fork(fileURLToPath(new URL('./http/submit-server.ts', import.meta.url)));
  child.send(options);
  const [port] = (await once(child, 'message')) as [number];
  return {
    target: { port, path: '/v2/geosubmit', bodies: submitBodies(), expectStatus: 200 },
    stop: () => child.disconnect(),
  };
}

/** Runs on a database of its own on the server at `url`. */
export async function benchGeosubmit(url: string, rounds = 5, windowMs = 1_500): Promise<GeosubmitBench> {
  return await withOwnDatabase(url, async (own) => {
    const store = await openStore({ databaseUrl: own, dataDir: '' });
    try {
      await store.pool.query(
        'create table bare_inbox (id bigint generated always as identity primary key, body jsonb not null)',
      );
      return await contest(store.address, rounds, windowMs);
    } finally {
      await store.close();
    }
  });
}

async function contest(store: StoreAddress, rounds: number, windowMs: number): Promise<GeosubmitBench> {
  const [ours, bare] = [await startServer({ kind: 'ours', store }), await startServer({ kind: 'bare', store })];
  try {
    for (const side of [ours, bare]) await saturate(side.target, CONNECTIONS, windowMs);
    const oursPerS: number[] = [];
    const barePerS: number[] = [];
    for (const turn of abba(rounds)) {
      const side = turn === 'a' ? ours : bare;
      (turn === 'a' ? oursPerS : barePerS).push((await saturate(side.target, CONNECTIONS, windowMs)).perSecond);
    }
    return {
      ratio: pairedRatio(oursPerS, barePerS),
      oursPerS: median(oursPerS),
      barePerS: median(barePerS),
      itemsPerCall: ITEMS,
    };
  } finally {
    ours.stop();
    bare.stop();
  }
}

if (import.meta.main) {
  const url = process.env.TEST_DATABASE_URL;
  if (url === undefined) throw new Error('TEST_DATABASE_URL must name a PostgreSQL server');
  process.stdout.write(`${JSON.stringify(await benchGeosubmit(url))}\n`);
}
