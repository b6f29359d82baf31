// The whole process, as `npm start` runs it, on both stores: demo, keys beside a running server, a crash of a thread,
// stops of every kind.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import { demoRequests } from '../../fixtures/demo-requests.ts';
import { createWorld } from '../../fixtures/world.ts';
import { distanceM } from '../../src/geo/distance.ts';
import type { StoreConfig } from '../../src/storage/open.ts';
import { envOf, type Line, type Running, startGateway } from '../support/gateway.ts';
import { type Child, startNode } from '../support/process.ts';
import { testFolder, testStoreConfig } from '../support/store.ts';
import { freePort } from '../support/valkey.ts';

function keysOf(config: StoreConfig): { device: string; partner: string } {
  return JSON.parse(readFileSync(join(config.dataDir, 'demo-keys.json'), 'utf8'));
}

const locate = (running: Running, key: string, body: unknown = {}) =>
  fetch(`${running.url}/v1/geolocate?key=${key}`, { method: 'POST', body: JSON.stringify(body) });

// One data folder through four starts, each ended in another way; every test goes on where the one before left off.
describe('a gateway', () => {
  let config: StoreConfig;
  let running: Running;
  const { wifi, cell, partner } = demoRequests(createWorld());

  test('is there with --demo, and answers what it prints', async () => {
    config = await testStoreConfig();
    running = await startGateway(config, ['--demo']);
    const keys = keysOf(config);
    expect(statSync(join(config.dataDir, 'demo-keys.json')).mode & 0o777).toBe(0o600);
    for (const { keyClass, body, expect: truth } of [wifi, cell, partner]) {
      const answer = await locate(running, keys[keyClass], body);
      expect(answer.status).toBe(200);
      const { location, precision } = (await answer.json()) as {
        location: { lat: number; lng: number };
        precision?: string;
      };
      expect(precision).toBe(keyClass === 'partner' ? 'region' : undefined);
      expect(distanceM(location.lat, location.lng, truth.lat, truth.lon)).toBeLessThan(truth.withinM);
    }
    expect(await (await fetch(`${running.url}/readyz`)).json()).toMatchObject({ status: 'ready' });
    const metrics = await (await fetch(`${running.ops}/metrics`)).text();
    expect(metrics).toMatch(/honeyguide_answers_total\{route="geolocate",outcome="located",source="wifi"\} 1\n/);
    // What test/process/due-jobs.test.ts sees by its clock is what runs here.
    for (const job of [
      ...['children', 'unused phones', 'erase', 'sweep'],
      ...['expire consents', 'expire reports', 'forget stations'],
    ])
      expect(metrics).toContain(`honeyguide_job_failures_total{job="${job}"} 0`);
    expect((await fetch(`${running.url}/metrics`)).status).toBe(404);
  });

  test('listens on loopback alone, unless told otherwise', async () => {
    // An address of this machine that a listener on every address would answer at.
    for (const url of [running.url, running.ops]) {
      expect((await fetch(`${url}/healthz`)).status).toBe(200);
      await expect(fetch(`${url.replace('127.0.0.1', '127.0.0.2')}/healthz`)).rejects.toThrow();
    }
  });

  test('opens no debugger when it is sent the signal that asks Node for one', async () => {
    running.child.process.kill('SIGUSR1');
    await sleep(500);
    expect(running.child.errors()).not.toContain('Debugger');
    expect((await fetch(`${running.url}/healthz`)).status).toBe(200);
  });

  test('proves its ledger on the operators’ port, and on no other', async () => {
    const audit = await fetch(`${running.ops}/v1/audit/verify`);
    expect([audit.status, await audit.json()]).toEqual([200, expect.objectContaining({ holds: true, broken: null })]);
    expect((await fetch(`${running.url}/v1/audit/verify`)).status).toBe(404);
  });

  test('is told within a second of keys that another process adds and revokes', async () => {
    const added = runKeys('add', '--class', 'device', '--name', 'x');
    const { id, key } = JSON.parse(await added.line()) as { id: string; key: string };
    expect(await added.ended).toBe(0);
    await expectWithinASecond(async () => (await locate(running, key)).status !== 400);
    expect(await runKeys('revoke', id).ended).toBe(0);
    await expectWithinASecond(async () => (await locate(running, key)).status === 400);
  });

  test('keeps its port to itself', async () => {
    const taken = startNode(['src/main.ts'], { ...envOf(config), PORT: new URL(running.url).port });
    expect(await taken.ended).toBe(1);
    expect(taken.errors()).toContain('something listens there already');
  });

  test('killed under load starts again and answers', async () => {
    const { device } = keysOf(config);
    const flood = Promise.allSettled(Array.from({ length: 50 }, () => locate(running, device, cell.body)));
    running.child.process.kill('SIGKILL');
    expect(await running.child.ended).toBe('SIGKILL');
    await flood;
    running = await startGateway(config, ['--demo'], { TRUST_PROXY: 'loopback', ADDRESS_PER_MINUTE: '20' });
    expect(keysOf(config).device).toBe(device);
    expect((await locate(running, device, cell.body)).status).toBe(200);
  });

  test('limits an address that a trusted proxy names, all threads together, and not this machine', async () => {
    const { device } = keysOf(config);
    async function statuses(headers: Record<string, string>): Promise<Set<number>> {
      const ask = () => fetch(`${running.url}/v1/geolocate?key=${device}`, { headers });
      // Enough for two minutes' limits, in case one ends meanwhile.
      return new Set((await Promise.all(Array.from({ length: 41 }, ask))).map(({ status }) => status));
    }
    expect(await statuses({ 'x-forwarded-for': '198.51.100.7' })).toContain(429);
    expect(await statuses({})).toEqual(new Set([404]));
  });

  test('answers what is in flight when it is told to stop, and leaves a snapshot', async () => {
    const { port } = new URL(running.url);
    const path = `/v1/geolocate?key=${keysOf(config).device}`;
    const headers = { 'content-length': 2 };
    const answered = new Promise<number | undefined>((resolve, reject) => {
      const open = request({ host: '127.0.0.1', port, path, method: 'POST', headers }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      });
      open.on('error', reject);
      open.flushHeaders();
      setTimeout(() => running.child.process.kill('SIGTERM'), 200);
      setTimeout(() => open.end('{}'), 600);
    });
    expect(await answered).toBe(404);
    await running.until('stopped');
    expect(await running.child.ended).toBe(0);
    await expect(fetch(running.url)).rejects.toThrow();
    expect(existsSync(join(config.dataDir, 'stations.index'))).toBe(true);
  });

  test('starts from its snapshot; nothing that came with a request or went with an answer is in log, errors or metrics', async () => {
    running = await startGateway(config, ['--demo'], { LOG_LEVEL: 'trace', TRUST_PROXY: 'loopback' });
    expect(running.lines.some((line) => line.msg === 'index loaded from its snapshot')).toBe(true);
    const { device, partner: partnerKey } = keysOf(config);
    const macs = (wifi.body as { wifiAccessPoints: { macAddress: string }[] }).wifiAccessPoints.map(
      ({ macAddress }) => macAddress,
    );
    const canary = {
      ...wifi.body,
      carrier: 'canary-carrier',
      wifiAccessPoints: macs.map((macAddress) => ({ macAddress, ssid: 'canary-ssid', signalStrength: -60 })),
    };
    const headers = { 'x-forwarded-for': '198.51.100.77', 'user-agent': 'canary-agent' };
    const ask = (path: string, body: string) => fetch(`${running.url}${path}`, { method: 'POST', headers, body });
    const answer = await ask(`/v1/geolocate?key=${device}`, JSON.stringify(canary));
    expect(answer.status).toBe(200);
    const { location } = (await answer.json()) as { location: { lat: number; lng: number } };
    const said = [];
    for (const [path, body] of [
      [`/v1/geolocate?key=${device}&device=canary-token`, JSON.stringify(canary)],
      [`/v1/geolocate?key=${partnerKey}`, JSON.stringify(canary)],
      [`/v1/country?key=${partnerKey}`, JSON.stringify(canary)],
      ['/v1/geolocate?key=canary-key', JSON.stringify(canary)],
      [`/v1/geolocate?key=${device}`, `${JSON.stringify(canary)}canary`],
      ['/v1/canary-path', JSON.stringify(canary)],
      [
        '/v2/geosubmit',
        JSON.stringify({ items: [{ ...canary, position: { latitude: 47.123456, longitude: 8.654321 } }] }),
      ],
      ['/v2/geosubmit', 'canary'],
    ]) {
      said.push(await (await ask(path, body)).text());
    }
    said.push(await (await fetch(`${running.ops}/metrics`)).text());
    running.child.process.kill('SIGINT');
    await running.until('stopped');
    expect(await running.child.ended).toBe(0);
    expect(running.text.filter((line) => line.startsWith('curl '))).toHaveLength(3);
    said.push(running.child.errors(), ...running.lines.map((line) => JSON.stringify(line)));
    const all = said.join('\n').toLowerCase();
    const spellings = macs.flatMap((mac) => [mac.toLowerCase(), mac.toLowerCase().replace(/[^0-9a-f]/g, '')]);
    const places = [location.lat, location.lng, 47.123456, 8.654321].map((deg) => deg.toFixed(4).slice(0, -1));
    for (const secret of [device, partnerKey, 'canary', '127.0.0.1', '198.51.100.77', ...spellings, ...places])
      expect(all).not.toContain(secret.toLowerCase());
  });

  function runKeys(...args: string[]): Child {
    return startNode(['src/cli/honeyguide.ts', 'keys', ...args, '--json'], envOf(config));
  }
});

// After the index the server threads are waited for, which takes the longest on a machine that is busy.
test.each(['ip database', 'index'])(
  'told to stop at its %s, ends cleanly without ever having been ready',
  async (at) => {
    const child = startNode(['src/main.ts'], envOf(await testStoreConfig()));
    const steps: unknown[] = [];
    for (let line: Line = {}; line.msg !== 'stopped'; line = JSON.parse(await child.line()) as Line) {
      steps.push(line.step ?? line.msg);
      if (line.step === at && line.msg === 'opened') child.process.kill('SIGTERM');
    }
    expect(await child.ended).toBe(0);
    expect(steps).not.toContain('ready');
  },
);

test('serves on when whoever reads its output has had enough, before the demo requests are printed', async () => {
  const port = await freePort();
  const config = await testStoreConfig();
  const child = startNode(['src/main.ts', '--demo'], { ...envOf(config), PORT: String(port) });
  await child.line();
  child.process.stdout?.destroy();
  await vi.waitFor(() => fetch(`http://127.0.0.1:${port}/healthz`), { timeout: 20_000, interval: 50 });
  // It prints when it listens and all else is there, too.
  expect(await Promise.race([child.ended, sleep(1_500, 'serves')])).toBe('serves');
  child.process.kill('SIGTERM');
  expect(await child.ended).toBe(0);
});

test('ends cleanly when one Ctrl-C reaches it twice, from the terminal and from npm', async () => {
  const child = startNode(['src/main.ts'], envOf(await testStoreConfig()));
  const said: unknown[] = [];
  for (let line: Line = {}; line.msg !== 'stopped'; line = JSON.parse(await child.line()) as Line) {
    said.push(line.msg);
    // The second as soon as the first has been heard, as npm's comes; two at once the system makes into one.
    if ((line.step === 'ip database' && line.msg === 'opened') || line.msg === 'stopping') child.process.kill('SIGINT');
  }
  expect(await child.ended).toBe(0);
  expect(said).not.toContain('not stopped in time');
});

test('says that its store cannot be reached, also when that is known before the IP database is read', async () => {
  const DATABASE_URL = 'postgres://nobody@127.0.0.1:1/none';
  const child = startNode(['src/main.ts'], { ...envOf({ dataDir: testFolder() }), DATABASE_URL });
  expect(await child.ended).toBe(1);
  expect(child.errors()).toMatch(/^honeyguide: the store cannot be reached: /);
});

test('says all that is wrong with its configuration and ends', async () => {
  const wrong = startNode(['src/main.ts'], { HOST: '0.0.0.0', PORT: 'x', THREADS: '0' });
  expect(await wrong.ended).toBe(1);
  expect(wrong.errors()).toMatch(/PORT must[\s\S]*THREADS must[\s\S]*HOST .*is not loopback/);
});

async function expectWithinASecond(holds: () => Promise<boolean>): Promise<void> {
  const untilMs = Date.now() + 1_000;
  while (!(await holds())) {
    if (Date.now() > untilMs) throw new Error('did not hold within a second');
    await sleep(50);
  }
}
