// The body of a request that answers itself, without the framework's parser: one listener and no copy where the body came in
// one piece, as almost all do. Promises: at most `limitBytes` are kept; whatever is longer, by its own word or in fact, or comes
// in crumbs, is OVERSIZED_BODY; the callback runs once, or never if the client went away before it had sent all. Does not look inside.
import type { IncomingMessage } from 'node:http';
import { type BodyParts, createBodyParts } from './body-parts.ts';
import { OVERSIZED_BODY } from './tolerant-json.ts';

const EMPTY = Buffer.alloc(0);
/** A refused body of so many bytes is read to its end, unseen, within the time that a request may take. */
const READ_TO_END_BYTES = 16 * 1024 * 1024;

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
  done: (bytes: Buffer | typeof OVERSIZED_BODY) => void,
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
  else if (length > 0) takeKnown(request, length, done);
  else takeChunked(request, limitBytes, done);
}

/** A body of a known length: the parser lets no longer one through. */
function takeKnown(request: IncomingMessage, length: number, done: (bytes: Buffer) => void): void {
  let parts: BodyParts | null = null;
  let got = 0;
  request.on('data', (part: Buffer) => {
    got += part.length;
    if (parts === null && got === length) {
      done(part);
      return;
    }
    parts ??= createBodyParts(length, false);
    parts.add(part);
    if (got === length) done(parts.join());
  });
}

function takeChunked(
  request: IncomingMessage,
  limitBytes: number,
  done: (bytes: Buffer | typeof OVERSIZED_BODY) => void,
): void {
  const parts = createBodyParts(limitBytes, true);
  let isTaken = false;
  request.on('data', (part: Buffer) => {
    if (isTaken || parts.add(part)) return;
    isTaken = true;
    done(OVERSIZED_BODY);
  });
  request.once('end', () => {
    if (!isTaken) done(parts.join());
  });
}
