// Cuts the byte stream of a PostgreSQL client into protocol messages (protocol 3.0, "Message Formats" of its manual).
// Promises: bounded memory, whole messages only, linear work whatever the size of the chunks. Judges nothing else.
// The codes are that manual's.

/** Widest message taken from a client; an import's batch is about 1 MB. */
export const MAX_MESSAGE_BYTES = 256 * 1024 * 1024;

/** Codes of a connection's first message. */
export const FIRST = { cancelRequest: 80877102, sslRequest: 80877103, gssRequest: 80877104 } as const;
/** Types of later ones. */
export const MESSAGE = { query: 0x51, sync: 0x53, flush: 0x48, functionCall: 0x46, terminate: 0x58 } as const;

/** What a startup message says of the session that it asks for, by name. */
export function parametersOf(startup: Uint8Array): ReadonlyMap<string, string> {
  const words = Buffer.from(startup.subarray(8)).toString().split('\0');
  const parameters = new Map<string, string>();
  for (let i = 0; i + 1 < words.length && words[i] !== ''; i += 2) parameters.set(words[i], words[i + 1]);
  return parameters;
}

/** What ends a session, or comes in place of one: an ErrorResponse of this SQLSTATE, in a sentence for people. */
export function farewellOf(code: string, sentence: string): Buffer {
  const fields = Buffer.from(`SFATAL\0VFATAL\0C${code}\0M${sentence}\0\0`);
  const head = Buffer.alloc(5, 'E');
  head.writeUInt32BE(4 + fields.length, 1);
  return Buffer.concat([head, fields]);
}

type Frames = {
  /** Adds what the socket brought. */
  push(chunk: Buffer): void;
  /** The next whole message (a copy of its own), or null until more bytes come. Throws RangeError on an impossible length. */
  next(typed: boolean): Uint8Array | null;
};

/** A reader of messages; `typed` messages start with one type byte, the first ones of a connection do not. */
export function createFrames(): Frames {
  let bytes = Buffer.allocUnsafe(4096);
  let start = 0;
  let end = 0;

  function push(chunk: Buffer): void {
    if (end + chunk.length > bytes.length) {
      const held = end - start;
      const into = held + chunk.length > bytes.length ? Buffer.allocUnsafe(2 * (held + chunk.length)) : bytes;
      bytes.copy(into, 0, start, end);
      bytes = into;
      start = 0;
      end = held;
    }
    chunk.copy(bytes, end);
    end += chunk.length;
  }

  function next(typed: boolean): Uint8Array | null {
    const prefix = typed ? 1 : 0;
    if (end - start < prefix + 4) return null;
    const length = bytes.readUInt32BE(start + prefix);
    if (length < 4 || length > MAX_MESSAGE_BYTES) throw new RangeError(`a protocol message of ${length} bytes`);
    const whole = prefix + length;
    if (end - start < whole) return null;
    const message = new Uint8Array(bytes.subarray(start, start + whole));
    start += whole;
    return message;
  }

  return { push, next };
}
