import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { startScript } from '../support/process.ts';

const LISTENER = `
  import { onStopSignals } from 'src/process/stop-signals.ts';
  const say = (text) => process.stdout.write(text + '\\n');
  onStopSignals(['SIGINT', 'SIGTERM'], (signal) => say('asked by ' + signal), (signal) => { say('again by ' + signal); process.exit(3); });
  setInterval(() => {}, 1_000);
  say('listening');`;

test('signals of any kind within a second are one ask to stop; a later one is another', async () => {
  const child = startScript(LISTENER);
  expect(await child.line()).toBe('listening');
  child.process.kill('SIGINT');
  expect(await child.line()).toBe('asked by SIGINT');
  child.process.kill('SIGINT');
  child.process.kill('SIGTERM');
  await sleep(1_500);
  child.process.kill('SIGTERM');
  expect(await child.line()).toBe('again by SIGTERM');
  expect(await child.ended).toBe(3);
});
