import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Scheduler, startJobs } from '../../src/jobs/scheduler.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('runs each job on its own clock, one at a time, and again after a failure', async () => {
  const failures: [string, unknown][] = [];
  let slow = 0;
  let inSlow = 0;
  let flaky = 0;
  const jobs = startJobs(
    [
      {
        name: 'slow',
        everyMs: 100,
        async run() {
          expect(++inSlow).toBe(1);
          slow++;
          await new Promise((resolve) => setTimeout(resolve, 250));
          inSlow--;
        },
      },
      {
        name: 'flaky',
        everyMs: 50,
        run() {
          if (++flaky % 2 === 1) throw new Error('odd');
        },
      },
    ],
    Date.now,
    (name, error) => failures.push([name, error]),
  );
  await vi.advanceTimersByTimeAsync(1_050);
  expect(slow).toBe(3);
  expect(flaky).toBeGreaterThanOrEqual(20);
  expect(failures).toHaveLength(Math.ceil(flaky / 2));
  expect(failures.every(([name]) => name === 'flaky')).toBe(true);
  expect(jobs.states()).toMatchObject([
    { name: 'slow', runs: 3, failures: 0 },
    { name: 'flaky', runs: flaky, failures: failures.length },
  ]);
  await stop(jobs);
});

test('lag grows while a job fails, health follows after a while, both come back', async () => {
  let broken = true;
  const run = () => {
    if (broken) throw new Error('no');
  };
  const jobs = startJobs([{ name: 'job', everyMs: 1_000, run }], Date.now, () => {});
  expect(jobs.healthy()).toBe(true);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(jobs.states()[0].lagMs).toBe(4_000);
  expect(jobs.healthy()).toBe(true);
  await vi.advanceTimersByTimeAsync(7_000);
  expect(jobs.healthy()).toBe(false);
  broken = false;
  await vi.advanceTimersByTimeAsync(1_000);
  expect(jobs.states()[0].lagMs).toBe(0);
  expect(jobs.healthy()).toBe(true);
  await stop(jobs);
});

test('a job that failed once, and took long to do so, makes nobody late when it succeeds again', async () => {
  const isAway = [true, false, false];
  const run = async () => {
    if (!isAway.shift()) return;
    await new Promise((resolve) => setTimeout(resolve, 10_000));
    throw new Error('no answer');
  };
  for (const everyMs of [60_000, 3_600_000]) {
    const jobs = startJobs([{ name: 'job', everyMs, run }], Date.now, () => {});
    const seen: boolean[] = [];
    for (let ms = 0; ms < 2.2 * everyMs; ms += 1_000) {
      await vi.advanceTimersByTimeAsync(1_000);
      seen.push(jobs.healthy());
    }
    expect(seen).not.toContain(false);
    expect(jobs.states()[0].lagMs).toBe(0);
    await stop(jobs);
    isAway.splice(0, 9, true, false, false);
  }
});

test('a job may have more patience than others: it is late, as it says, and healthy until then', async () => {
  const run = () => {
    throw new Error('no');
  };
  const jobs = startJobs([{ name: 'job', everyMs: 1_000, lateMs: 60_000, run }], Date.now, () => {});
  await vi.advanceTimersByTimeAsync(60_000);
  expect(jobs.states()[0].lagMs).toBe(59_000);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(jobs.healthy()).toBe(true);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(jobs.healthy()).toBe(false);
  await stop(jobs);
});

test('one job that is late is enough: the others that are not do not hide it', async () => {
  const fails = () => {
    throw new Error('no');
  };
  const jobs = startJobs(
    [
      { name: 'fine', everyMs: 1_000, run: () => {} },
      { name: 'late', everyMs: 1_000, run: fails },
    ],
    Date.now,
    () => {},
  );
  await vi.advanceTimersByTimeAsync(15_000);
  expect(jobs.states().map(({ lagMs }) => lagMs)).toEqual([0, 14_000]);
  expect(jobs.healthy()).toBe(false);
  await stop(jobs);
});

test.each([
  ['its period, if that is short', 1_000, 1_000],
  ['five seconds', 12_000, 5_000],
  ['a quarter of its period, if that is long', 3_600_000, 900_000],
])('a job that failed is tried again after %s', async (_, everyMs, expectedMs) => {
  const tries: number[] = [];
  const run = (nowMs: number) => {
    tries.push(nowMs);
    throw new Error('no');
  };
  const jobs = startJobs([{ name: 'job', everyMs, run }], Date.now, () => {});
  await vi.advanceTimersByTimeAsync(2.5 * everyMs);
  expect(tries[1] - tries[0]).toBe(expectedMs);
  await stop(jobs);
});

test('a clock that is set hours ahead, or back, makes no job late', async () => {
  const jobs = startJobs([{ name: 'job', everyMs: 3_600_000, run: () => {} }], Date.now, () => {});
  for (const hours of [3, -3, 12]) {
    vi.setSystemTime(Date.now() + hours * 3_600_000);
    expect(jobs.states()[0].lagMs).toBe(0);
    expect(jobs.healthy()).toBe(true);
  }
  await stop(jobs);
});

test('a stop waits for what is running and starts nothing more', async () => {
  let ended = 0;
  const run = async () => {
    await new Promise((resolve) => setTimeout(resolve, 500));
    ended++;
  };
  const jobs = startJobs([{ name: 'job', everyMs: 100, run }], Date.now, () => {});
  await vi.advanceTimersByTimeAsync(150);
  let stopped = false;
  jobs.stop().then(() => {
    stopped = true;
  });
  await vi.advanceTimersByTimeAsync(400);
  expect([ended, stopped]).toEqual([0, false]);
  await vi.advanceTimersByTimeAsync(100);
  expect([ended, stopped]).toEqual([1, true]);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(ended).toBe(1);
});

test('a job that waits for its turn never has it after a stop', async () => {
  const run = vi.fn();
  const jobs = startJobs([{ name: 'job', everyMs: 100, run }], Date.now, () => {});
  await jobs.stop();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(run).not.toHaveBeenCalled();
});

async function stop(jobs: Scheduler): Promise<void> {
  const stopped = jobs.stop();
  await vi.advanceTimersByTimeAsync(1_000);
  await stopped;
}

test('a job whose runs go well while its work piles up has a lag, and is no reason to call the process ill', async () => {
  const jobs = startJobs([{ name: 'job', everyMs: 1_000, behindMs: () => 3_600_000, run() {} }], Date.now, () => {});
  await vi.advanceTimersByTimeAsync(5_000);
  expect([jobs.states()[0].lagMs, jobs.healthy()]).toEqual([3_600_000, true]);
  await stop(jobs);
});
