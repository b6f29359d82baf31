// A process that lets all others go first: the kernel runs it where they leave a core idle, and stops it when one of them wakes.
// What it gets of a machine that is busy all over is a seventieth of a core. Promises nothing where the system has no such thing.
import { readdirSync } from 'node:fs';
import { setPriority } from 'node:os';

const LAST = 19;

/** Has every thread of this process, and those that they start, give way; for good, as only root may take it back. */
export function giveWay(): void {
  for (const thread of threads()) {
    try {
      setPriority(thread, LAST);
    } catch {
      // It ended meanwhile, or the system does not allow it: then it runs as the others do.
    }
  }
}

/** Linux has a priority for each thread (V8's helpers are there already); elsewhere it is the process's. */
function threads(): number[] {
  try {
    return readdirSync('/proc/self/task').map(Number);
  } catch {
    return [process.pid];
  }
}
