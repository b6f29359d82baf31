// How the resident index does from 1 M to 50 M stations: look-up time of hits and misses in requests of 12 random
// addresses, bytes a station, build rate, the longest block of the writer, snapshot write, read and the plain read of the
// same file, resident memory with two reader threads. Prints one JSON line a size. Every answer is checked before timing.
// Usage: node bench/index-lookup.ts [millions...] [--threads N] [--snapshot]
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { createFoundStations, MAC_KIND } from '../src/stations/index-contract.ts';
import { type IndexReader, openStationReader } from '../src/stations/index-reader.ts';
import { createStationIndex, type StationIndex } from '../src/stations/index-writer.ts';
import { nthLat, nthLon, nthMac } from './index-stations.ts';

const REQUEST = 12;
const ROUNDS = 41;
const REQUESTS_A_ROUND = 5_000;

function build(
  stations: number,
  expected: number,
): { index: StationIndex; buildMs: number; maxPauseMs: number; grows: number } {
  const index = createStationIndex({ seed: [0x1234567, 0x89abcde], expected });
  let grows = 0;
  index.onGrow(() => grows++);
  const station = { lat: 0, lon: 0, radiusM: 100, samples: 9, lastSeenDay: 20_000, flags: 1, psc: -1 };
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

/** Nanoseconds a look-up: the best and the median of several rounds, net of making the keys. */
function timeLookups(reader: IndexReader, stations: number, from: number): { bestNs: number; medianNs: number } {
  const macs = new Float64Array(REQUEST * REQUESTS_A_ROUND);
  const request = new Float64Array(REQUEST);
  const out = createFoundStations(REQUEST);
  const found = new Uint8Array(REQUEST);
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    for (let i = 0; i < macs.length; i++) macs[i] = nthMac(from + Math.floor(Math.random() * stations));
    let hits = 0;
    const began = performance.now();
    for (let r = 0; r < REQUESTS_A_ROUND; r++) {
      for (let i = 0; i < REQUEST; i++) request[i] = macs[r * REQUEST + i];
      hits += reader.findMacs(MAC_KIND.wifi, request, REQUEST, out, found);
    }
    times.push(((performance.now() - began) * 1e6) / macs.length);
    if (hits !== (from === 0 ? macs.length : 0)) throw new Error(`wrong number of hits: ${hits}`);
  }
  times.sort((a, b) => a - b);
  return { bestNs: round1(times[0]), medianNs: round1(times[ROUNDS >> 1]) };
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

/** Milliseconds of reading a file once through a reused buffer of 4 MiB. */
function plainRead(path: string): number {
  const buffer = new Uint8Array(4 << 20);
  const began = performance.now();
  const file = openSync(path, 'r');
  while (readSync(file, buffer) > 0);
  closeSync(file);
  return performance.now() - began;
}

async function measureSnapshot(index: StationIndex): Promise<object> {
  const { readSnapshot, writeSnapshot } = await import('../src/stations/snapshot.ts');
  const folder = await mkdtemp(join(tmpdir(), 'honeyguide-bench-'));
  const path = join(folder, 'stations.index');
  try {
    const about = { store: 'bench', position: '1:1:', takenAt: Date.now() };
    let began = performance.now();
    await writeSnapshot(path, index, about);
    const writeMs = performance.now() - began;
    const plain: number[] = [];
    const load: number[] = [];
    for (let round = 0; round < 3; round++) {
      plain.push(plainRead(path));
      const into = createStationIndex({ seed: index.seed });
      began = performance.now();
      const result = await readSnapshot(path, into);
      load.push(performance.now() - began);
      if (result.kind !== 'loaded' || into.size() !== index.size()) throw new Error('the snapshot did not load');
      globalThis.gc?.();
    }
    const plainMs = Math.min(...plain);
    const loadMs = Math.min(...load);
    return {
      fileMB: Math.round(statSync(path).size / 1e6),
      writeMs: Math.round(writeMs),
      plainReadMs: Math.round(plainMs),
      loadMs: Math.round(loadMs),
      loadOverPlain: Math.round((loadMs / plainMs) * 100) / 100,
    };
  } finally {
    await rm(folder, { recursive: true });
  }
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
  },
});
for (const millions of positionals.length > 0 ? positionals.map(Number) : [1, 10]) {
  const stations = Math.round(millions * 1e6);
  const { index, buildMs, maxPauseMs, grows } = build(stations, values.grow ? 0 : stations);
  const rssAfterBuildMB = Math.round(process.memoryUsage.rss() / 1e6);
  const reader = openStationReader(index.handle());
  check(reader, stations);
  const hit = timeLookups(reader, stations, 0);
  const miss = timeLookups(reader, stations, stations);
  const workers = await openThreads(index, Number(values.threads));
  globalThis.gc?.();
  const rssMB = Math.round(process.memoryUsage.rss() / 1e6);
  for (const worker of workers) await worker.terminate();
  const line = {
    stations,
    hit,
    miss,
    bytesAStation: round1(index.memoryBytes() / stations),
    buildRate: Math.round(stations / (buildMs / 1000)),
    grows,
    maxPauseMs: round1(maxPauseMs),
    rssAfterBuildMB,
    rssMB,
    readerThreads: workers.length,
    snapshot: values.snapshot ? await measureSnapshot(index) : undefined,
  };
  console.log(JSON.stringify(line));
}
