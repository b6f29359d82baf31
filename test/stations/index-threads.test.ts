import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { MAC_KIND } from '../../src/stations/index-contract.ts';
import { createStationIndex } from '../../src/stations/index-writer.ts';
import { FLIPPED, flippedMac, flippedState, PASSING, passingMac, passingState } from '../support/flip-states.ts';

type Counts = { lookups: number; missing: number; mixed: number; states: [number, number]; passing: number };

function nextMessage<T>(worker: Worker): Promise<T> {
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

test('readers in other threads see every station whole and never miss one, while it flips and shards grow, shrink and are replaced', async () => {
  const index = createStationIndex({ seed: [5, 6] });
  const sides = [0, 1].map((side) => Array.from({ length: FLIPPED }, (_, i) => flippedState(i, side)));
  for (let i = 0; i < FLIPPED; i++) index.upsertMac(MAC_KIND.wifi, flippedMac(i), sides[0][i]);
  const stop = new SharedArrayBuffer(4);
  const workers = [0, 1].map(() => {
    const { handle, port } = index.connect();
    return new Worker(new URL('../support/flip-reader.ts', import.meta.url), {
      workerData: { handle, port, stop },
      transferList: [port],
    });
  });
  await Promise.all(workers.map((worker) => nextMessage<string>(worker)));

  let updates = 0;
  index.onGrow(() => updates++);
  const passing = Array.from({ length: PASSING }, (_, n) => passingState(n));
  for (let round = 0; round < 2; round++) {
    for (let n = 0; n < PASSING; n++) {
      index.upsertMac(MAC_KIND.wifi, passingMac(n), passing[n]);
      for (let i = n % 3; i < FLIPPED; i += 3) index.upsertMac(MAC_KIND.wifi, flippedMac(i), sides[(n + i) & 1][i]);
      if (n % 2000 === 0) await new Promise(setImmediate);
    }
    for (let n = 0; n < PASSING; n++) index.removeMac(MAC_KIND.wifi, passingMac(n));
  }

  Atomics.store(new Int32Array(stop), 0, 1);
  const results = await Promise.all(workers.map((worker) => nextMessage<Counts>(worker)));
  await Promise.all(workers.map((worker) => worker.terminate()));
  expect(updates).toBeGreaterThan(256);
  for (const counts of results) {
    expect(counts).toMatchObject({ missing: 0, mixed: 0 });
    expect(counts.lookups).toBeGreaterThan(10_000);
    expect(Math.min(...counts.states)).toBeGreaterThan(100);
    expect(counts.passing).toBeGreaterThan(0);
  }
});

test('a reader that meets a writer which stopped half-way says miss in the end and never hangs', () => {
  const index = createStationIndex({ seed: [5, 6] });
  index.upsertMac(MAC_KIND.wifi, 1, flippedState(0, 0));
  const worker = new Worker(new URL('../support/stuck-reader.ts', import.meta.url), {
    workerData: { handle: lockEveryGroup(index.handle()) },
  });
  return expect(nextMessage<number>(worker).finally(() => worker.terminate())).resolves.toBe(0);
});

/** Leaves the sequence word of every group odd, as a writer killed inside of all of them would. */
function lockEveryGroup(handle: ReturnType<ReturnType<typeof createStationIndex>['handle']>) {
  for (const buffer of handle.shards) {
    const words = new Int32Array(buffer, 112);
    for (let header = 0; header < words.length; header += 32) words[header] |= 1;
  }
  return handle;
}
