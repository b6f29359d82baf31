// The body of a request that answers itself, without the framework's parser: one listener and no copy where the body came in
// one piece, as almost all do. Promises: at most `limitBytes` are kept; whatever is longer, by its own word or in fact, or comes
// in crumbs, is OVERSIZED_BODY; what gave way to others while it came is CROWDED_BODY (held-bodies.ts); the callback runs once, or
// never if the client went away before it had sent all. Does not look inside.
import type { IncomingMessage } from 'node:http';
import { createBodyParts } from './body-parts.ts';
import { createHeldBodies, type HeldBodies } from './held-bodies.ts';
import { CROWDED_BODY, OVERSIZED_BODY } from './tolerant-json.ts';

type TakenBody = Buffer | typeof OVERSIZED_BODY | typeof CROWDED_BODY;

const EMPTY = Buffer.alloc(0);
/** A refused body of so many bytes is read to its end, unseen, within the time that a request may take. */
const READ_TO_END_BYTES = 16 * 1024 * 1024;
/** Of this thread, whatever app they are for: memory is the thread's. */
const HELD = createHeldBodies();

/**
 * Whether the connection must be closed on a body that is refused for its length. Closing while the client sends makes its system
 * throw the answer away unread (RFC 9112, 9.6), and many clients send all before they read; Node reads on what is left open.
 */
export function mustCloseOn({ headers }: IncomingMessage): boolean {
  return !(Number(headers['content-length']) <= READ_TO_END_BYTES);
}

/** Calls back with the body as sent; at once if the request has none (GET, or no word of a length). */
export function takeBody(
  request: IncomingMessage,
  limitBytes: number,
  done: (bytes: TakenBody) => void,
  held: HeldBodies = HELD,
): void {
  const { headers, method } = request;
  const said = headers['content-length'];
  if (method === 'GET' || method === 'HEAD' || (said === undefined && headers['transfer-encoding'] === undefined)) {
    done(EMPTY);
    return;
  }
  const length = said === undefined ? -1 : Number(said);
  if (length === 0) done(EMPTY);
  else if (length > limitBytes) done(OVERSIZED_BODY);
  else if (length > 0) takeKnown(request, length, done, held);
  else takeChunked(request, limitBytes, done, held);
}

/** A body of a known length: the parser lets no longer one through. */
function takeKnown(request: IncomingMessage, length: number, done: (bytes: TakenBody) => void, held: HeldBodies): void {
  let pieces: Pieces | null = null;
  let got = 0;
  request.on('data', (part: Buffer) => {
    got += part.length;
    if (pieces === null && got === length) {
      done(part);
      return;
    }
    pieces ??= takePieces(request, length, false, done, held);
    pieces.add(part);
    if (got === length) pieces.end();
  });
}

function takeChunked(
  request: IncomingMessage,
  limitBytes: number,
  done: (bytes: TakenBody) => void,
  held: HeldBodies,
): void {
  const pieces = takePieces(request, limitBytes, true, done, held);
  request.on('data', pieces.add);
  request.once('end', pieces.end);
}

type Pieces = { readonly add: (part: Buffer) => void; readonly end: () => void };

/** A body in pieces, held until it is whole, too much, crowded out or left. */
function takePieces(
  request: IncomingMessage,
  limitBytes: number,
  isChunked: boolean,
  done: (bytes: TakenBody) => void,
  held: HeldBodies,
): Pieces {
  const parts = createBodyParts(limitBytes, isChunked);
  let isTaken = false;
  const body = { giveWay: () => take(CROWDED_BODY) };
  request.once('close', () => held.end(body));

  function take(bytes: TakenBody): void {
    isTaken = true;
    held.end(body);
    parts.drop();
    done(bytes);
  }

  return {
    add(part) {
      if (isTaken) return;
      if (parts.add(part)) held.grow(body, part.length);
      else take(OVERSIZED_BODY);
    },
    end() {
      if (!isTaken) take(parts.join());
    },
  };
}
