import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { showProgress } from '../../src/cli/progress.ts';

function streamOf(isTTY: boolean): { to: PassThrough; text: () => string } {
  const chunks: Buffer[] = [];
  const to = Object.assign(new PassThrough(), {
    isTTY,
    columns: 120,
    cursorTo: () => true,
    clearLine: () => true,
    moveCursor: () => true,
  });
  to.on('data', (chunk: Buffer) => chunks.push(chunk));
  return { to, text: () => Buffer.concat(chunks).toString() };
}

test('away from a terminal progress is plain lines, not too often, with share, rate and rest time', () => {
  const { to, text } = streamOf(false);
  let nowMs = 0;
  const progress = showProgress(to, 1_000, () => nowMs);
  for (; nowMs <= 12_000; nowMs += 1_000) {
    progress.bytes(nowMs / 100);
    progress.rows(nowMs);
  }
  progress.stop();
  expect(text()).toBe('5 %, 5000 rows, 1000 rows/s, 95 s left\n10 %, 10000 rows, 1000 rows/s, 90 s left\n');
});

test('of an input whose length nobody knows says only what was done', () => {
  const { to, text } = streamOf(false);
  let nowMs = 0;
  const progress = showProgress(to, 0, () => nowMs);
  nowMs = 10_000;
  progress.bytes(77);
  progress.rows(500);
  expect(text()).toBe('500 rows, 50 rows/s\n');
});

test('on a terminal it is a bar with rate and rest time, and the cursor comes back', () => {
  const { to, text } = streamOf(true);
  let nowMs = 0;
  const progress = showProgress(to, 1_000, () => nowMs);
  nowMs = 2_000;
  progress.bytes(500);
  progress.rows(4_000);
  progress.stop();
  expect(text()).toMatch(/50 % \| 4000 rows \| 2000 rows\/s \| .* left/);
  expect(text()).toContain('\u001b[?25h');
});
