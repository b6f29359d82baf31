import { describe, expect, it } from 'vitest';
import { ALLOCATION_FLAGS, runIsolated } from '../../bench/isolated.ts';

type Probe = { frugal: number; greedy: number; leaky: number; tight: number };

describe('the measure of allocations', () => {
  it('sees what a call allocates, what stays, and nothing where there is nothing', async () => {
    const probe = await runIsolated<Probe>(new URL('./allocation-probe.ts', import.meta.url), [], ALLOCATION_FLAGS);
    expect(probe.frugal).toBeLessThan(2);
    expect(probe.greedy).toBeGreaterThan(1_000);
    expect(probe.greedy).toBeLessThan(2_500);
    expect(probe.leaky).toBeGreaterThan(20);
    expect(probe.tight).toBeLessThan(5);
  });

  it('says so when a bench dies without a result', async () => {
    const missing = new URL('./no-such-bench.ts', import.meta.url);
    await expect(runIsolated(missing)).rejects.toThrow(/before it had a result/);
  });
});
