// A long answer, sent in pieces as its reader takes them. Promises: one piece is in memory, however slow the reader; a reader that
// takes none for `stalledMs`, or is not done after `wholeMs`, loses the connection (attack: asking for much and reading
// nothing); so does one whose answer can't be finished: half a document never looks like a whole one. What fails before
// the first piece is thrown, and can still be refused; what is a single piece comes as text, with its length.
import { Readable } from 'node:stream';

type PieceLimits = {
  readonly stalledMs: number;
  readonly wholeMs: number;
};

/** Told once, when nothing is read any more; with the error if the pieces themselves failed half-way. */
type OnPiecesEnd = (error: unknown) => void;

/**
 * `pieces` as something to reply with. `begin` is asked if there is more than one: null = not now, and so is the answer; else what is
 * told of its end.
 */
export async function openPieces(
  pieces: AsyncGenerator<string>,
  limits: PieceLimits,
  begin: () => OnPiecesEnd | null,
): Promise<string | Readable | null> {
  const first = await pieces.next();
  if (first.done) return '';
  const second = await pieces.next();
  if (second.done) return first.value;
  const onEnd = begin();
  if (onEnd !== null) return stream(pieces, [first.value, second.value], limits, onEnd);
  await pieces.return(undefined);
  return null;
}

function stream(
  pieces: AsyncGenerator<string>,
  taken: readonly string[],
  { stalledMs, wholeMs }: PieceLimits,
  onEnd: OnPiecesEnd,
): Readable {
  let broken: unknown = null;
  let stalled: NodeJS.Timeout | undefined;
  /** Goes on when the reader has room for more. */
  async function* handOver(piece: string): AsyncGenerator<string> {
    stalled = setTimeout(cut, stalledMs);
    yield piece;
    clearTimeout(stalled);
  }
  async function next(): Promise<IteratorResult<string>> {
    try {
      return await pieces.next();
    } catch (error) {
      broken = error;
      throw error;
    }
  }
  async function* timed(): AsyncGenerator<string> {
    for (const piece of taken) yield* handOver(piece);
    for (let more = await next(); !more.done; more = await next()) yield* handOver(more.value);
  }
  const readable = Readable.from(timed(), { objectMode: false });
  const cut = () => readable.destroy(new Error('the reader is too slow'));
  const whole = setTimeout(cut, wholeMs);
  readable.once('close', () => {
    clearTimeout(stalled);
    clearTimeout(whole);
    void pieces.return(undefined).catch(() => {});
    onEnd(broken);
  });
  return readable;
}

/** Turns of whoever is named: at most `most` at a time, and one of each. Null if there is none now, else what ends it. */
export function createTurns(most: number): (who: string) => (() => void) | null {
  const taken = new Set<string>();
  return (who) => {
    if (taken.size >= most || taken.has(who)) return null;
    taken.add(who);
    return () => void taken.delete(who);
  };
}
