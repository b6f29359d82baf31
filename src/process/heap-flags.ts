// How V8 is to treat what requests allocate. Where requests wait (for the store, for a batch), V8 sees objects of one place in
// the code outlive a collection or two, and from then on allocates all from there among the old ("pretenuring"): each of
// those, though dead at once when the next request is answered from memory, keeps whatever it points to alive until the old
// are collected: its request, its socket's buffers, all of it. Collections of the young then copy everything: 20 to 40 ms
// each, three a second at 15,000 regions a second, where it is 1 to 2 ms without (bench/README.md, partner suite).
// And our heaps are small: some 40 MB live. One helper marks that in time; four of them, V8's own choice, take both cores of a
// small machine for 40 ms from those who answer and from PostgreSQL.
import { setFlagsFromString } from 'node:v8';

/** For the whole process; before anything has run often. */
export function tuneHeap(): void {
  setFlagsFromString('--no-allocation-site-pretenuring');
  setFlagsFromString('--no-parallel-scavenge');
  setFlagsFromString('--concurrent-marking-max-worker-num=1');
}
