// Bodies that are still coming in, of one thread. Promises: together they hold at most so many bytes, over however many
// connections; beyond that whichever has been coming longest gives way, since a client that means it has sent all within
// seconds, and one that only opens bodies to fill memory is the first to go. Does not hold the bytes itself (body-parts.ts).

type HeldBody = {
  /** Called once, at most, when it must go: its bytes are to be let go of. */
  giveWay(): void;
};

export type HeldBodies = {
  /** So many more bytes of this one are kept. */
  grow(body: HeldBody, bytes: number): void;
  /** It is whole, refused, or its client went away; as often as one likes. */
  end(body: HeldBody): void;
};

/** A thousand reports as large as they may be sent, half of each there already, or some ten thousand look-ups. */
const HELD_BYTES = 128 * 1024 * 1024;

export function createHeldBodies(limitBytes = HELD_BYTES): HeldBodies {
  // A map keeps the order in which bodies began.
  const bytesOf = new Map<HeldBody, number>();
  let total = 0;

  function end(body: HeldBody): void {
    total -= bytesOf.get(body) ?? 0;
    bytesOf.delete(body);
  }

  return {
    end,
    grow(body, bytes) {
      bytesOf.set(body, (bytesOf.get(body) ?? 0) + bytes);
      total += bytes;
      for (const oldest of bytesOf.keys()) {
        if (total <= limitBytes) return;
        end(oldest);
        oldest.giveWay();
      }
    },
  };
}
