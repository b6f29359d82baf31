// CPU time on purpose: makes a request dearer by so many microseconds, to show that a bench notices.

/** Work per microsecond, from the fastest of a few tries, so that a preempted try does not count. */
let turnsPerUs = 0;
const burnt = { value: 0 };

function work(turns: number): void {
  let x = burnt.value;
  for (let i = 0; i < turns; i++) x = Math.sqrt(x + i);
  burnt.value = x;
}

function calibrate(): void {
  for (let i = 0; i < 50; i++) {
    const startMs = performance.now();
    work(100_000);
    turnsPerUs = Math.max(turnsPerUs, 100 / (performance.now() - startMs));
  }
}

/** A function that burns so many microseconds of an undisturbed core each time it is called. */
export function createBurner(us: number): () => void {
  if (turnsPerUs === 0) calibrate();
  const turns = Math.round(us * turnsPerUs);
  return () => work(turns);
}
