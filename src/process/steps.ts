// What a process does to stop, as an ordered list of named steps: all of them, each with a time limit, so that one that
// hangs or fails does not keep the rest from being closed.

export type Step = { readonly name: string; run(): Promise<void> | void };
export type StepDone = { readonly name: string; readonly tookMs: number; readonly error?: unknown };

/** Runs every step in order, each at most `limitMs` long; never rejects. Resolves to true if all succeeded. */
export async function runDown(
  steps: readonly Step[],
  limitMs: number,
  onDone: (done: StepDone) => void,
): Promise<boolean> {
  let good = true;
  for (const { name, run } of steps) {
    const startedMs = performance.now();
    let error: unknown;
    try {
      await withLimit(run, limitMs);
    } catch (thrown) {
      error = thrown;
      good = false;
    }
    onDone({ name, tookMs: Math.round(performance.now() - startedMs), error });
  }
  return good;
}

async function withLimit(run: () => Promise<void> | void, limitMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(Object.assign(new Error('took too long'), { code: 'STEP_TIMEOUT' })), limitMs);
  });
  try {
    await Promise.race([run(), late]);
  } finally {
    clearTimeout(timer);
  }
}
