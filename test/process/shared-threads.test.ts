// Two server threads behind one port are one gateway: a key's limit is counted by both together, and both answer alike.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { demoRequests } from '../../fixtures/demo-requests.ts';
import { createWorld } from '../../fixtures/world.ts';
import { MINUTE_MS } from '../../src/time/spans.ts';
import { envOf, type Running, startGateway } from '../support/gateway.ts';
import { startNode } from '../support/process.ts';
import { testStoreConfig } from '../support/store.ts';

const PER_MINUTE = 20;
/** What the limited calls take together at most: with less than that left of the minute, the next one is waited for. */
const ROOM_MS = 5_000;
const { body } = demoRequests(createWorld()).wifi;

test('two server threads share a limit per minute, and give the same answers', async () => {
  const config = await testStoreConfig();
  // Before the start, so that both threads know the key from their first moment.
  const add = ['src/cli/honeyguide.ts', 'keys', 'add', '--class', 'device', '--name', 'x', '--json'];
  const added = startNode([...add, '--per-minute', `${PER_MINUTE}`], envOf(config));
  const { key } = JSON.parse(await added.line()) as { key: string };
  expect(await added.ended).toBe(0);
  const running = await startGateway(config, ['--demo']);
  const { device } = JSON.parse(readFileSync(join(config.dataDir, 'demo-keys.json'), 'utf8')) as { device: string };

  // Each call has a connection of its own, which the kernel gives to either thread: to one only, once in 2^39 runs.
  const answers = await askAtOnce(running, device);
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  expect(new Set(answers.map(({ text }) => text)).size).toBe(1);

  const leftMs = MINUTE_MS - (Date.now() % MINUTE_MS);
  if (leftMs < ROOM_MS) await sleep(leftMs);
  const limited = await askAtOnce(running, key);
  const passed = limited.filter(({ status }) => status === 200).length;
  expect(passed).toBe(PER_MINUTE);
  expect(limited.filter(({ status }) => status === 429)).toHaveLength(PER_MINUTE);
});

function askAtOnce(running: Running, key: string) {
  return Promise.all(Array.from({ length: 2 * PER_MINUTE }, () => ask(running, key)));
}

async function ask(running: Running, key: string): Promise<{ status: number; text: string }> {
  const answer = await fetch(`${running.url}/v1/geolocate?key=${key}`, {
    method: 'POST',
    headers: { connection: 'close' },
    body: JSON.stringify(body),
  });
  return { status: answer.status, text: await answer.text() };
}
