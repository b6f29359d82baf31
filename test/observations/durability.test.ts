import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { decodeReport } from '../../src/observations/payload.ts';
import { openStore, type StoreConfig } from '../../src/storage/open.ts';
import { AT_REST } from '../support/at-rest.ts';
import { afterFile, testStoreConfig } from '../support/store.ts';

const SERVER = fileURLToPath(new URL('../support/submit-server.ts', import.meta.url));
const AP = 0x001a2b000000;
/** Calls in flight at a time, and acknowledgements after which the process is killed while others are under way. */
const SENDERS = 8;
const ROUNDS = [100];

async function start(config: StoreConfig): Promise<{ process: ChildProcess; url: string }> {
  const child = spawn(process.execPath, [SERVER, JSON.stringify(config)], { stdio: ['ignore', 'pipe', 'inherit'] });
  afterFile(() => void child.kill('SIGKILL'));
  const port = await new Promise<string>((resolve, reject) => {
    child.stdout?.on('data', (text: Buffer) => resolve(text.toString().trim()));
    child.on('exit', (code) => reject(new Error(`ended with ${code} before it listened`)));
  });
  return { process: child, url: `http://127.0.0.1:${port}/v2/geosubmit` };
}

/** Sends reports, each of an access point of its own, until the process is killed after `killAfter` acknowledgements. */
async function sendUntilKilled(server: { process: ChildProcess; url: string }, from: number, killAfter: number) {
  const acknowledged: number[] = [];
  let next = from;
  let gone = false;
  const exited = new Promise((resolve) => server.process.once('exit', resolve));
  async function sender(): Promise<void> {
    while (!gone) {
      const mac = next++;
      const wifiAccessPoints = [{ macAddress: mac.toString(16).padStart(12, '0'), signalStrength: -60 }];
      const body = JSON.stringify({
        items: [{ position: { latitude: 40, longitude: 9, accuracy: 9 }, wifiAccessPoints }],
      });
      const answer = await fetch(server.url, { method: 'POST', body }).catch(() => null);
      if (answer === null) return;
      if (answer.status === 200) acknowledged.push(mac);
      if (acknowledged.length >= killAfter && !gone) {
        gone = true;
        server.process.kill('SIGKILL');
      }
    }
  }
  await Promise.all(Array.from({ length: SENDERS }, sender));
  await exited;
  return { acknowledged, next };
}

test('what was acknowledged before kill -9 is there afterwards', async () => {
  const config = await testStoreConfig();
  const acknowledged: number[] = [];
  let next = AP;
  for (const killAfter of ROUNDS) {
    const sent = await sendUntilKilled(await start(config), next, killAfter);
    expect(sent.acknowledged.length).toBeGreaterThanOrEqual(killAfter);
    acknowledged.push(...sent.acknowledged);
    next = sent.next;
  }
  const store = await openStore(config);
  const { rows } = await store.pool.query(
    'select uuid_send(digest) as digest, payload, contributor, trusted, received_at from inbox',
  );
  await store.close();
  const there = rows.flatMap(({ digest, payload, contributor, trusted, received_at }) => {
    const envelope = { contributor: Number(contributor), trusted, receivedAtMs: Number(received_at) };
    return decodeReport(AT_REST.payloads.open(envelope, digest, payload)!).wifi.map(({ mac }) => mac);
  });
  expect(acknowledged.filter((mac) => !there.includes(mac))).toEqual([]);
  // Nothing is there twice, and nothing that was not sent.
  expect(new Set(there).size).toBe(there.length);
  expect(there.every((mac) => mac >= AP && mac < next)).toBe(true);
});
