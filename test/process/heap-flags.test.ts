// What V8 decides about objects that outlive collections, by its own trace: in a process of its own, in which requests wait.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const FLAGS = new URL('../../src/process/heap-flags.ts', import.meta.url).href;
/** Objects that are kept for longer than a collection or two, as requests that wait for the store are. */
const WAITING = `
  const wait = (i) => ({ i, parts: [i, i + 1, i + 2], body: { a: i } });
  function serve() {
    let waiting = [];
    for (let i = 0; i < 3_000_000; i++) {
      waiting.push(wait(i));
      if (waiting.length > 200_000) waiting = [];
    }
  }
  serve();`;

async function tenured(before: string): Promise<number> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    // Unoptimized: what was compiled before enough was collected counts nothing any more.
    ...['--trace-pretenuring-statistics', '--no-turbofan', '--no-maglev'],
    ...['--input-type=module', '-e', before + WAITING],
  ]);
  return stdout.split('=> tenure').length - 1;
}

test('what requests allocate stays among the young, however long requests before waited', async () => {
  expect(await tenured('')).toBeGreaterThan(0);
  expect(await tenured(`(await import('${FLAGS}')).tuneHeap();`)).toBe(0);
});
