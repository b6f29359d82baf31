// Server threads crash here because they are handed keys that are none; in life it would be a bug.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { expect, test, vi } from 'vitest';
import { createCounterMemory } from '../../src/http/counters.ts';
import { createLimitMemory } from '../../src/http/limit-counts.ts';
import { createQuotaMemory } from '../../src/http/quotas.ts';
import { createStrayMemory } from '../../src/http/stray-budget.ts';
import { createSubmissionCountMemory } from '../../src/observations/submission-counts.ts';
import { hashKey } from '../../src/partners/keys.ts';
import { createLog } from '../../src/process/log.ts';
import { spawnServerThreads, type ThreadSetup } from '../../src/process/server-threads.ts';
import { CLOCKS } from '../../src/process/sharing.ts';
import { createStatusMemory } from '../../src/process/status.ts';
import { createLeaseMemory } from '../../src/sharing/lease-memory.ts';
import { createStationIndex } from '../../src/stations/index-writer.ts';
import { afterFile, testFolder } from '../support/store.ts';

const KEY = 'hgd_thread-test';
const ENTRY = { id: 'key_1', class: 'device', name: 'x', slot: 0, dailyQuota: null, perMinute: null } as const;
const KEYS = [{ ...ENTRY, hashHex: hashKey(KEY).toString('hex') }];

/** As much of a secrets file as a thread reads. */
function secretsFile(): string {
  const path = join(testFolder(), 'secrets.json');
  writeFileSync(path, JSON.stringify({ masterKey: '00'.repeat(32) }));
  return path;
}

function setupFor(threads: number): ThreadSetup {
  const index = createStationIndex({ seed: [1, 2] });
  const shared = {
    version: '0.0.0',
    host: '127.0.0.1',
    reusePort: threads > 1,
    maxConnections: 1_000,
    trustProxy: [],
    logLevel: 'silent',
    store: { kind: 'embedded', socketFolder: testFolder() },
    dataDir: testFolder(),
    ipDatabase: { files: [] },
    anonymityMap: { shared: new SharedArrayBuffer(64), version: '', k: 1_000 },
    counters: createCounterMemory(threads),
    submissionCounts: createSubmissionCountMemory(),
    barredKey: new Uint8Array(32),
    privacyContact: '',
    peopleKeys: {
      secretsPath: secretsFile(),
      ledgerKey: new Uint8Array(32),
      receiptKey: new Uint8Array(32),
      pseudonymKey: new Uint8Array(32),
    },
    stationKey: new Uint8Array(32),
    coarseKey: new Uint8Array(32),
    lease: createLeaseMemory(CLOCKS),
    quotas: createQuotaMemory(1),
    limits: createLimitMemory(),
    addressPerMinute: 0,
    strays: createStrayMemory(1),
    strayLimits: { device: 0, address: 0, partnerKey: 0 },
    addressSeed: { a: 1, b: 2 },
    addressKey: new Uint8Array(32),
    status: createStatusMemory(),
  } as const;
  return (thread, port) => {
    const { handle, port: indexPort } = index.connect();
    return { data: { ...shared, thread, port, index: handle, indexPort }, transfer: [indexPort] };
  };
}

test('threads share a port, are replaced on it when they crash, and stop', async () => {
  const threads = spawnServerThreads(2, createLog('silent', 'test'));
  afterFile(() => threads.stop());
  const port = await threads.start(0, KEYS, setupFor(2));
  // No connection is kept, so that the kernel chooses a thread anew each time.
  const ask = () =>
    fetch(`http://127.0.0.1:${port}/v1/geolocate?key=${KEY}`, {
      method: 'POST',
      headers: { connection: 'close' },
    }).then(
      ({ status }) => status,
      () => 'refused' as const,
    );
  for (let i = 0; i < 10; i++) expect(await ask()).toBe(404);
  expect(threads.restarts()).toBe(0);

  threads.setKeys('not keys' as never);
  while (threads.restarts() < 3) await sleep(20);
  threads.setKeys(KEYS);
  const untilMs = Date.now() + 20_000;
  while ((await ask()) !== 404 && Date.now() < untilMs) await sleep(50);
  for (let i = 0; i < 10; i++) expect(await ask()).toBe(404);

  await threads.stop();
  expect(await ask()).toBe('refused');
  const restarts = threads.restarts();
  await sleep(500);
  expect(threads.restarts()).toBe(restarts);
});

test('a port that cannot be listened on is an error of the start', async () => {
  const threads = spawnServerThreads(1, createLog('silent', 'test'));
  const setup = setupFor(1);
  const elsewhere: ThreadSetup = (thread, port) => {
    const { data, transfer } = setup(thread, port);
    return { data: { ...data, host: '192.0.2.1' }, transfer };
  };
  await expect(threads.start(0, KEYS, elsewhere)).rejects.toMatchObject({ code: 'EADDRNOTAVAIL' });
  await threads.stop();
});

test('ends threads that were never started without having them load their code first, to hear of it', async () => {
  const told = vi.spyOn(Worker.prototype, 'postMessage');
  const threads = spawnServerThreads(2, createLog('silent', 'test'));
  await threads.stop();
  expect(told).not.toHaveBeenCalled();
  told.mockRestore();
});
