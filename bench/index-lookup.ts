// How the resident index does from 1 M to 50 M stations: look-up time of hits and misses in requests of 12 random
// addresses, bytes a station, build rate, the longest block of the writer, snapshot write, read and the plain read of the
// same file, resident memory with two reader threads. Prints one JSON line a size. Every answer is checked before timing.
// Usage: node bench/index-lookup.ts [millions...] [--threads N] [--snapshot] [--rounds N]
import { readFileSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { createFoundStations, MAC_KIND } from '../src/stations/index-contract.ts';
import { type IndexReader, openStationReader } from '../src/stations/index-reader.ts';
import { createStationIndex, type StationIndex } from '../src/stations/index-writer.ts';
import { nthLat, nthLon, nthMac } from './index-stations.ts';
import { median, pairedRatio } from './statistics.ts';

const REQUEST = 12;
const REQUESTS_A_ROUND = 5_000;

function build(
  stations: number,
  expected: number,
): { index: StationIndex; buildMs: number; maxPauseMs: number; grows: number } {
  const index = createStationIndex({ seed: [0x1234567, 0x89abcde], expected });
  let grows = 0;
  index.onGrow(() => grows++);
  const station = { lat: 0, lon: 0, radiusM: 100, samples: 9, lastSeenDay: 20_000, flags: 1, detail: -1 };
  let maxPauseMs = 0;
  const began = performance.now();
  for (let n = 0; n < stations; n++) {
    station.lat = nthLat(n);
    station.lon = nthLon(n);
    const before = grows;
    const beforeMs = performance.now();
    index.upsertMac(MAC_KIND.wifi, nthMac(n), station);
    if (grows > before) maxPauseMs = Math.max(maxPauseMs, performance.now() - beforeMs);
  }
  return { index, buildMs: performance.now() - began, maxPauseMs, grows };
}

/** Nanoseconds a look-up in one round of requests with random keys, `from` on. By the clock: a thread's CPU time comes in
 * ticks of 4 ms on some kernels, 67 ns a look-up here; what else runs meets all sizes alike, and the medians drop it. */
function timeRound(reader: IndexReader, stations: number, from: number): number {
  const macs = new Float64Array(REQUEST * REQUESTS_A_ROUND);
  const request = new Float64Array(REQUEST);
  const out = createFoundStations(REQUEST);
  const found = new Uint8Array(REQUEST);
  for (let i = 0; i < macs.length; i++) macs[i] = nthMac(from + Math.floor(Math.random() * stations));
  let hits = 0;
  const before = performance.now();
  for (let r = 0; r < REQUESTS_A_ROUND; r++) {
    for (let i = 0; i < REQUEST; i++) request[i] = macs[r * REQUEST + i];
    hits += reader.findMacs(MAC_KIND.wifi, request, REQUEST, out, found);
  }
  const ms = performance.now() - before;
  if (hits !== (from === 0 ? macs.length : 0)) throw new Error(`wrong number of hits: ${hits}`);
  return (ms * 1_000_000) / macs.length;
}

type Lookups = { reader: IndexReader; stations: number; hits: number[]; misses: number[] };

/** Times all sizes in alternation, so that all of them see the same moods of the machine. */
function timeLookups(all: readonly Lookups[], rounds: number): void {
  for (let round = 0; round < rounds + 2; round++) {
    for (const { reader, stations, hits, misses } of all) {
      const hit = timeRound(reader, stations, 0);
      const miss = timeRound(reader, stations, stations);
      if (round < 2) continue;
      hits.push(hit);
      misses.push(miss);
    }
  }
}

function check(reader: IndexReader, stations: number): void {
  const macs = new Float64Array(1000);
  const out = createFoundStations(1000);
  const found = new Uint8Array(1000);
  const step = Math.max(1, Math.floor(stations / 1000));
  for (let i = 0; i < 1000; i++) macs[i] = nthMac(i * step);
  if (reader.findMacs(MAC_KIND.wifi, macs, 1000, out, found) !== 1000) throw new Error('stations are missing');
  for (let i = 0; i < 1000; i++) {
    if (Math.abs(out.lat[i] - nthLat(i * step)) > 1e-7 || Math.abs(out.lon[i] - nthLon(i * step)) > 1e-7) {
      throw new Error('a station is at the wrong place');
    }
  }
}

async function openThreads(index: StationIndex, threads: number): Promise<Worker[]> {
  const source = new URL('./index-reader-thread.ts', import.meta.url);
  return Promise.all(
    Array.from({ length: threads }, async () => {
      const { handle, port } = index.connect();
      const worker = new Worker(source, { workerData: { handle, port }, transferList: [port] });
      await new Promise((resolve) => worker.once('message', resolve));
      return worker;
    }),
  );
}

/** Milliseconds of just reading a file, into memory of its size. */
function plainRead(path: string): number {
  const began = performance.now();
  if (readFileSync(path).length === 0) throw new Error('an empty snapshot');
  return performance.now() - began;
}

async function measureSnapshot(index: StationIndex): Promise<object> {
  const { readSnapshot, writeSnapshot } = await import('../src/stations/snapshot.ts');
  const folder = await mkdtemp(join(tmpdir(), 'honeyguide-bench-'));
  const path = join(folder, 'stations.index');
  try {
    const file = { path, key: Buffer.alloc(32, 1) };
    const about = { store: 'bench', position: '1:1:', takenAt: Date.now() };
    let began = performance.now();
    await writeSnapshot(file, index, about);
    const writeMs = performance.now() - began;
    const plain: number[] = [];
    const load: number[] = [];
    for (let round = 0; round < 5; round++) {
      globalThis.gc?.();
      plain.push(plainRead(path));
      globalThis.gc?.();
      const into = createStationIndex({ seed: index.seed });
      began = performance.now();
      const result = await readSnapshot(file, into);
      load.push(performance.now() - began);
      if (result.kind !== 'loaded' || into.size() !== index.size()) throw new Error('the snapshot did not load');
    }
    const plainMs = Math.min(...plain);
    const loadMs = Math.min(...load);
    return {
      fileMB: Math.round(statSync(path).size / 1e6),
      writeMs: Math.round(writeMs),
      plainReadMs: Math.round(plainMs),
      loadMs: Math.round(loadMs),
      loadOverPlain: round2(loadMs / plainMs),
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}

function round2(value: number): number {
  return Math.round(value * 100) / 100;
}

function round1(value: number): number {
  return Math.round(value * 10) / 10;
}

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    threads: { type: 'string', default: '0' },
    snapshot: { type: 'boolean', default: false },
    grow: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '41' },
  },
});
const sizes = (positionals.length > 0 ? positionals.map(Number) : [1, 10]).map((millions) =>
  Math.round(millions * 1e6),
);
const built = sizes.map((stations) => ({ stations, ...build(stations, values.grow ? 0 : stations) }));
const lookups = built.map(({ index, stations }) => {
  const reader = openStationReader(index.handle());
  check(reader, stations);
  return { reader, stations, hits: [] as number[], misses: [] as number[] };
});
timeLookups(lookups, Number(values.rounds));
for (const [n, { index, stations, buildMs, maxPauseMs, grows }] of built.entries()) {
  const workers = await openThreads(index, Number(values.threads));
  globalThis.gc?.();
  const { hits, misses } = lookups[n];
  const line = {
    stations,
    hitNs: round1(median(hits)),
    missNs: round1(median(misses)),
    hitOverFirst: round2(pairedRatio(hits, lookups[0].hits)),
    missOverFirst: round2(pairedRatio(misses, lookups[0].misses)),
    bytesAStation: round1(index.memoryBytes() / stations),
    buildRate: Math.round(stations / (buildMs / 1000)),
    grows,
    maxPauseMs: round1(maxPauseMs),
    rssMB: Math.round(process.memoryUsage.rss() / 1e6),
    readerThreads: workers.length,
    snapshot: values.snapshot ? await measureSnapshot(index) : undefined,
  };
  for (const worker of workers) await worker.terminate();
  console.log(JSON.stringify(line));
}
