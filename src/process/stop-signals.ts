// Being told to stop by a signal. One ask may come twice: Ctrl-C goes to everything in the terminal, and npm passes it on to
// what it started, which is us where its shell makes way for us (bash; not dash); `timeout` signals us and then our group.

/** Signals this close are one ask, on a busy machine too; whoever presses Ctrl-C again because nothing happens takes longer. */
const SAME_ASK_MS = 1_000;

/** Calls `asked` with the first of `signals` that comes, and `askedAgain` at one that comes more than a second later. */
export function onStopSignals(
  signals: readonly NodeJS.Signals[],
  asked: (signal: NodeJS.Signals) => void,
  askedAgain: (signal: NodeJS.Signals) => void,
): void {
  let firstMs: number | undefined;
  const hear = (signal: NodeJS.Signals) => {
    if (firstMs === undefined) {
      firstMs = performance.now();
      asked(signal);
    } else if (performance.now() - firstMs > SAME_ASK_MS) askedAgain(signal);
  };
  for (const signal of signals) process.on(signal, hear);
}
