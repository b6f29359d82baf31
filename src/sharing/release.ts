// When "nothing" leaves: at the next beat of one clock that is at least HOLD_MS after the request came, body and all, whatever was done
// meanwhile and however long it took, in the order of arrival. So a phone that is unlocated, suppressed, a child's,
// restricted, refused or unknown is not told apart by time (attack A12): padding each answer by itself would leave the
// timer's own rounding, which differs by what was done before it was set.

/** Longer than a transaction of the store takes while all is well; after that an answer waits for a later beat. */
const HOLD_MS = 20;
const BEAT_MS = 5;

export type Release = {
  /** Resolves to null at the beat of a request that arrived at `askedMs`. */
  nothing(askedMs: number): Promise<null>;
};

/** `monotonicMs` is the clock of `askedMs`. */
export function createRelease(monotonicMs: () => number): Release {
  let waiting: { readonly askedMs: number; readonly beat: number; readonly leave: (nothing: null) => void }[] = [];
  let timer: NodeJS.Timeout | undefined;

  function set(): void {
    const nowMs = monotonicMs();
    timer = setTimeout(beat, BEAT_MS - (nowMs % BEAT_MS));
  }

  function beat(): void {
    const now = monotonicMs() / BEAT_MS;
    const due = waiting.filter((one) => one.beat <= now);
    waiting = waiting.filter((one) => one.beat > now);
    if (waiting.length > 0) set();
    else timer = undefined;
    due.sort((a, b) => a.askedMs - b.askedMs);
    for (const { leave } of due) leave(null);
  }

  return {
    nothing(askedMs) {
      return new Promise((leave) => {
        waiting.push({ askedMs, beat: Math.ceil((askedMs + HOLD_MS) / BEAT_MS), leave });
        if (timer === undefined) set();
      });
    },
  };
}
