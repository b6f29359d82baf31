// Is there room for more? Asked before a body is read. Promises: synchronous; while calls come the answer rests on a measurement at
// most about two REFRESH_MS old, started by whoever asks, one at a time (the first call after a pause goes by the one before it);
// between two measurements an inbox can grow by what the store takes in that time, which the limits leave room for. A store that
// can't be measured is left to say so itself. Whoever operates it hears of the beginning of a refusal and of its end.

export const REFRESH_MS = 1_000;

/** Rows waiting to be folded: minutes of work for the fold. */
export const MAX_PENDING_ROWS = 1_000_000;
/** The inbox on disk with its indexes, folded rows of the last week included. */
export const MAX_INBOX_BYTES = 8 * 1024 ** 3;
/** Free bytes where the store writes, if that is this machine's disk: PostgreSQL without space for its log stops. */
export const MIN_FREE_BYTES = 512 * 1024 ** 2;

export type Fullness = { pendingRows: number; bytes: number; freeBytes: number };

export type Room = { hasRoom(): boolean };

/**
 * `measure` gives the present fullness; `freeBytes` Infinity = not known. `monotonicMs` is no clock of the day, which may be set
 * back. `onChange` hears of each turn.
 */
export function createRoom(
  measure: () => Promise<Fullness>,
  monotonicMs: () => number,
  onChange: (hasRoom: boolean, fullness: Fullness) => void = () => {},
): Room {
  let room = true;
  let measuredAtMs = Number.NEGATIVE_INFINITY;
  let measuring = false;

  function refresh(): void {
    measuring = true;
    measure()
      .then(
        (fullness) => {
          const { pendingRows, bytes, freeBytes } = fullness;
          const before = room;
          room = pendingRows < MAX_PENDING_ROWS && bytes < MAX_INBOX_BYTES && freeBytes > MIN_FREE_BYTES;
          if (room !== before) onChange(room, fullness);
        },
        () => {},
      )
      .finally(() => {
        measuring = false;
        measuredAtMs = monotonicMs();
      });
  }

  return {
    hasRoom() {
      if (!measuring && monotonicMs() - measuredAtMs >= REFRESH_MS) refresh();
      return room;
    },
  };
}
