import {
  type FileHandle,
  mkdtemp,
  open,
  readdir,
  readFile,
  rm,
  stat,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createFoundStations, MAC_KIND } from '../../src/stations/index-contract.ts';
import { openStationReader } from '../../src/stations/index-reader.ts';
import { createStationIndex, type StationIndex } from '../../src/stations/index-writer.ts';
import { readSnapshot, type SnapshotFile, writeSnapshot } from '../../src/stations/snapshot.ts';

const SEED = [3, 4] as const;
const KEY = Buffer.alloc(32, 5);
const ABOUT = { store: 'store-a', position: '7:9:8', takenAt: 1000 };
let folder: string;
let path: string;
let file: SnapshotFile;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'honeyguide-snapshot-'));
  path = join(folder, 'stations.index');
  file = { path, key: KEY };
});
afterAll(() => rm(folder, { recursive: true }));

/** What lies beside the file and is named after it. */
const beside = async () => (await readdir(folder)).filter((name) => name.startsWith(`${basename(path)}.`));

function filled(macs: readonly number[]): StationIndex {
  const index = createStationIndex({ seed: SEED });
  for (const mac of macs) {
    const station = { lat: mac % 90, lon: 5, radiusM: 50, samples: 3, lastSeenDay: 9, flags: 1, detail: -1 };
    index.upsertMac(MAC_KIND.wifi, mac, station);
  }
  return index;
}

test('what was written is read back, also into readers that were open before', async () => {
  const macs = Array.from({ length: 20_000 }, (_, i) => i * 2 ** 24);
  await writeSnapshot(file, filled(macs), ABOUT);
  const index = filled([1, 2, 3]);
  const { handle, port } = index.connect();
  const reader = openStationReader(handle, port);
  expect(await readSnapshot(file, index, { store: 'store-a', oldestMs: 1000 })).toEqual({
    kind: 'loaded',
    stations: 20_000,
    about: ABOUT,
  });
  const out = createFoundStations(20_000);
  const found = new Uint8Array(20_000);
  expect(reader.findMacs(1, Float64Array.from(macs), 20_000, out, found)).toBe(20_000);
  for (const [i, mac] of macs.entries()) expect(out.lat[i]).toBe(mac % 90);
  expect(reader.findMacs(1, Float64Array.of(1, 2, 3), 3, out, found)).toBe(0);
  expect([index.size(), reader.size()]).toEqual([20_000, 20_000]);
  port.close();
});

test('any set of stations, with removals, survives the round trip and can be written on', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(fc.nat(5000), { maxLength: 300 }), fc.nat(10), async (macs, step) => {
      const before = filled(macs);
      const kept = macs.filter((mac, i) => step === 0 || i % step !== 0 || !before.removeMac(1, mac));
      await writeSnapshot(file, before, ABOUT);
      const after = createStationIndex({ seed: SEED });
      expect((await readSnapshot(file, after)).kind).toBe('loaded');
      for (const mac of macs) expect(after.removeMac(1, mac)).toBe(kept.includes(mac));
      expect(after.size()).toBe(0);
    }),
    { numRuns: 30 },
  );
});

test('a flipped bit anywhere and a cut anywhere are refused, and the index stays as it was', async () => {
  await writeSnapshot(file, filled([5, 6, 7]), ABOUT);
  const good = await readFile(path);
  const bad = join(folder, 'bad.index');
  const index = filled([1]);
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        fc.nat(good.length - 1),
        fc.nat(60),
        fc.nat(400).map((back) => good.length - 1 - back),
      ),
      fc.nat(7),
      fc.boolean(),
      async (at, bit, cut) => {
        const bytes = Buffer.from(cut ? good.subarray(0, at) : good);
        if (!cut) bytes[at] ^= 1 << bit;
        await writeFile(bad, bytes);
        expect((await readSnapshot({ path: bad, key: KEY }, index)).kind).toBe('refused');
      },
    ),
    { numRuns: 300 },
  );
  expect([index.size(), index.removeMac(1, 1)]).toEqual([1, true]);
  await writeFile(bad, Buffer.concat([good, Buffer.alloc(1)]));
  expect(await readSnapshot({ path: bad, key: KEY }, index)).toEqual({ kind: 'refused', reason: 'damaged' });
});

test('the answer says why a file is not taken', async () => {
  const index = createStationIndex({ seed: SEED });
  expect(await readSnapshot({ path: join(folder, 'none'), key: KEY }, index)).toEqual({ kind: 'missing' });
  expect(await readSnapshot({ path: folder, key: KEY }, index)).toEqual({ kind: 'refused', reason: 'unreadable' });
  await writeFile(path, 'a,b,c\n');
  expect(await readSnapshot(file, index)).toEqual({ kind: 'refused', reason: 'not a snapshot' });
  await writeSnapshot(file, filled([5]), ABOUT);
  expect(await readSnapshot(file, createStationIndex({ seed: [3, 5] }))).toMatchObject({ reason: 'another seed' });
  const other = { path, key: Buffer.alloc(32, 6) };
  expect(await readSnapshot(other, index)).toMatchObject({ reason: 'damaged' });
  expect(await readSnapshot(file, index, { store: 'store-b' })).toMatchObject({ reason: 'another store' });
  expect(await readSnapshot(file, index, { oldestMs: 1001 })).toMatchObject({ reason: 'too old' });
  const bytes = await readFile(path);
  bytes[12]++;
  await writeFile(path, bytes);
  expect(await readSnapshot(file, index)).toMatchObject({ reason: 'another version' });
  await writeSnapshot(file, filled([5]), ABOUT);
  await truncate(path, bytes.length - 1);
  expect(await readSnapshot(file, index)).toMatchObject({ reason: 'damaged' });
  expect(index.size()).toBe(0);
});

test('writing replaces the file whole, leaves nothing beside it, and only its owner may read it', async () => {
  await writeSnapshot(file, filled([5]), ABOUT);
  expect(await beside()).toEqual([]);
  const [left, another] = [`${path}.0123456789ab.tmp`, `${path}.ba9876543210.tmp`];
  for (const name of [`${path}.tmp`, left, another]) await writeFile(name, 'left by a crash, or being written');
  const before = Date.now() / 1000 - 90;
  for (const name of [`${path}.tmp`, left]) await utimes(name, before, before);
  await writeSnapshot(file, filled([5, 6]), ABOUT);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await beside()).toEqual([basename(another)]);
  await rm(another);
  await expect(writeSnapshot({ path: join(folder, 'no', 'such'), key: KEY }, filled([5]), ABOUT)).rejects.toThrow(
    'ENOENT',
  );
});

test('stations written while a snapshot is being taken do not harm it', async () => {
  const index = filled(Array.from({ length: 50_000 }, (_, i) => i));
  const writing = writeSnapshot(file, index, ABOUT);
  let done = false;
  writing.finally(() => {
    done = true;
  });
  const station = { lat: 1, lon: 1, radiusM: 1, samples: 1, lastSeenDay: 1, flags: 0, detail: -1 };
  for (let mac = 50_000; !done; mac++) {
    index.upsertMac(1, mac, station);
    index.upsertMac(1, mac % 50_000, station);
    if (mac % 500 === 0) await new Promise(setImmediate);
  }
  await writing;
  const loaded = createStationIndex({ seed: SEED });
  expect((await readSnapshot(file, loaded)).kind).toBe('loaded');
  for (let mac = 0; mac < 50_000; mac++) expect(loaded.removeMac(1, mac)).toBe(true);
});

test('the file says nothing of where stations are, nor of which store they come from', async () => {
  const index = createStationIndex({ seed: SEED });
  // Positions are kept as fixed-point numbers: were they in the file in plain, 20,000 at one place would repeat themselves.
  for (let mac = 0; mac < 20_000; mac++)
    index.upsertMac(MAC_KIND.wifi, mac, {
      ...{ lat: 52.37, lon: 4.9, radiusM: 50, samples: 3 },
      ...{ lastSeenDay: 9, flags: 1, detail: -1 },
    });
  await writeSnapshot(file, index, { ...ABOUT, store: 'marker-of-a-store' });
  const once = await readFile(file.path);
  expect(once.includes('marker-of-a-store')).toBe(false);
  expect(deflateSync(once).length / once.length).toBeGreaterThan(0.99);
  await writeSnapshot(file, index, { ...ABOUT, store: 'marker-of-a-store' });
  const again = await readFile(file.path);
  // Another file, another key: the same index is not recognised.
  expect(again.subarray(36, 1000).equals(once.subarray(36, 1000))).toBe(false);
});

test('a file takes the place of the old one only when what it shows is settled', async () => {
  await writeSnapshot(file, filled([5]), ABOUT);
  const lost = async () => {
    throw new Error('the store is gone');
  };
  await expect(writeSnapshot(file, filled([5, 6]), ABOUT, lost)).rejects.toThrow('gone');
  expect(await beside()).toEqual([]);
  expect(await readSnapshot(file, createStationIndex({ seed: SEED }))).toMatchObject({ stations: 1 });
});

test('a file is whole on the disk before it takes the old one’s place, and its name is there afterwards', async () => {
  await writeSnapshot(file, filled([5]), ABOUT);
  const old = await readFile(path);
  const handle = await open(path);
  const everyHandle: FileHandle = Object.getPrototypeOf(handle);
  await handle.close();
  const { sync } = everyHandle;
  const synced: (string | number)[][] = [];
  everyHandle.sync = async function (this: FileHandle) {
    const found = await this.stat();
    const whose = (await readFile(path)).equals(old) ? 'the old one' : 'the new one';
    synced.push(found.isDirectory() ? ['folder', whose] : [found.size, whose]);
    await sync.call(this);
  };
  try {
    await writeSnapshot(file, filled([5, 6, 7]), ABOUT);
  } finally {
    everyHandle.sync = sync;
  }
  expect(synced).toEqual([
    [(await stat(path)).size, 'the old one'],
    ['folder', 'the new one'],
  ]);
});

test('gateways that share a folder and write at once each leave a whole file, and none fails', async () => {
  const [few, many] = [filled([5]), filled(Array.from({ length: 20_000 }, (_, i) => i))];
  for (let round = 0; round < 2; round++) {
    await Promise.all([
      writeSnapshot(file, few, ABOUT),
      writeSnapshot(file, many, ABOUT),
      nextTurn().then(() => writeSnapshot(file, few, ABOUT)),
    ]);
    expect(await readSnapshot(file, createStationIndex({ seed: SEED }))).toMatchObject({ kind: 'loaded' });
  }
  expect(await beside()).toEqual([]);
});
