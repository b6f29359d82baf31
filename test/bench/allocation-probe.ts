// Run by measure.test.ts in a process with the flags that counting allocations needs: calls of known appetite.
import { answerParent } from '../../bench/isolated.ts';
import { bytesPerCall, heapGrowth } from '../../bench/measure.ts';

const numbers = new Float64Array(64);
const kept: object[] = [];

answerParent({
  frugal: bytesPerCall({ call: (k) => numbers[k] + 1 }),
  // A typed array of 1,000 bytes lies outside the heap, an ordinary array of 125 doubles inside.
  greedy: bytesPerCall({ call: (k) => new Array(125).fill(k + 0.5).length }),
  leaky: heapGrowth({ call: (k) => kept.push({ k }) }, 10_000) / 10_000,
  tight: heapGrowth({ call: (k) => ({ k }).k }, 10_000) / 10_000,
});
