// Runs the main thread's recurring work, each job on its own clock. Promises: a job never overlaps itself; one that fails
// is logged, counted and tried again after a quarter of its period; `stop` waits for what is running. A job gets the time, so that it
// can be tested without one. Does not promise punctuality: a busy main thread runs jobs late, and `states` says how late.

export type Job = {
  readonly name: string;
  readonly everyMs: number;
  /** Lateness that is no fault yet; default: ten seconds, or its period if that is longer. */
  readonly lateMs?: number;
  /** How far behind its work is although its runs do what they should, ms: told as its lag, no fault of its health. */
  readonly behindMs?: () => number;
  run(nowMs: number): Promise<void> | void;
};

/** How a job is doing: `lagMs` past the time when it should last have succeeded, or behind with its work; 0 if it is on time. */
export type JobState = {
  readonly name: string;
  readonly runs: number;
  readonly failures: number;
  readonly lagMs: number;
};

export type Scheduler = {
  states(): JobState[];
  /** True while no job is later than its lateMs. */
  healthy(): boolean;
  stop(): Promise<void>;
};

/** Lateness that a busy moment explains. */
const LATE_MS = 10_000;
/** A job that failed tries again this soon at the earliest: a store that is away is asked a dozen times a minute at most, and so is the log. */
const RETRY_MS = 5_000;

/**
 * How long a job waits after it failed: less than its period, or one failure would make it late a period afterwards (its time-out,
 * say, past its next turn), when the store is long back: a gateway that works, out of rotation, and with it every replica.
 */
const retryAfterMs = (everyMs: number): number => Math.min(everyMs, Math.max(RETRY_MS, everyMs / 4));

/**
 * What wakes jobs, and the clock that it goes by, on which they are late: a clock of the day that is set makes nobody late. As
 * `now`, the test's own where a test lets hours pass.
 */
export type Timers = {
  nowMs(): number;
  set(wake: () => void, ms: number): unknown;
  clear(timer: unknown): void;
};
const MACHINE: Timers = {
  nowMs: () => performance.now(),
  set: (wake, ms) => setTimeout(wake, ms),
  clear: (timer) => clearTimeout(timer as NodeJS.Timeout),
};

/** Each job runs for the first time one period from now; `now`, epoch ms, is what it is given. `onError` hears of every run that failed. */
export function startJobs(
  jobs: readonly Job[],
  now: () => number,
  onError: (job: string, error: unknown) => void,
  timers = MACHINE,
): Scheduler {
  const runners = jobs.map((job) => startJob(job, now, onError, timers));
  return {
    states: () => runners.map((runner) => runner.state()),
    healthy: () => runners.every((runner) => runner.overdueMs() <= runner.lateMs),
    async stop() {
      await Promise.all(runners.map((runner) => runner.stop()));
    },
  };
}

function startJob(job: Job, now: () => number, onError: (job: string, error: unknown) => void, timers: Timers) {
  let runs = 0;
  let failures = 0;
  let dueMs = timers.nowMs() + job.everyMs;
  let running: Promise<void> = Promise.resolve();
  let timer = timers.set(turn, job.everyMs);
  let stopped = false;

  async function runOnce(): Promise<void> {
    runs++;
    let pauseMs = job.everyMs;
    try {
      await job.run(now());
      dueMs = timers.nowMs() + job.everyMs;
    } catch (error) {
      failures++;
      pauseMs = retryAfterMs(job.everyMs);
      onError(job.name, error);
    }
    if (!stopped) timer = timers.set(turn, pauseMs);
  }

  function turn(): void {
    running = runOnce();
  }

  const overdueMs = () => Math.max(0, timers.nowMs() - dueMs);

  return {
    lateMs: job.lateMs ?? Math.max(LATE_MS, job.everyMs),
    overdueMs,
    state: (): JobState => ({
      ...{ name: job.name, runs, failures },
      lagMs: Math.max(overdueMs(), job.behindMs?.() ?? 0),
    }),
    async stop() {
      stopped = true;
      timers.clear(timer);
      await running;
    },
  };
}
