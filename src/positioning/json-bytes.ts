// JSON read from its bytes, piece by piece, without building anything: the words, integers and switches that a plain body is
// made of. Promises: what is accepted is valid JSON and means what JSON.parse would say; everything else (escapes, bytes
// beyond ASCII, fractions, exponents, long integers, null, trees) is GIVEN_UP, never guessed. A piece starts at its first byte
// and ends past the space behind it. A start of GIVEN_UP stays GIVEN_UP.

// Constants that inner loops compare with are this module's own and not exported: V8 folds those, not imported ones.

/** Where a piece ended, or GIVEN_UP. */
export type Next = number;
const GIVEN_UP: Next = -1;

const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const ZERO = 0x30;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const SMALL_F = 0x66;
const SMALL_T = 0x74;
const CLOSE = 0x7d;
const SPACE = 0x20;

/** A string as JSON writes it, quotes included, four bytes at a time; `last` are its last four. */
export type Word = {
  readonly length: number;
  readonly first: number;
  readonly fours: Int32Array;
  readonly last: number;
};

/** The JSON of a string of at least two plain letters. */
export function word(text: string): Word {
  return asWord(`"${text}"`);
}

function asWord(json: string): Word {
  const view = new DataView(Uint8Array.from(Buffer.from(json)).buffer);
  const fours = Int32Array.from({ length: json.length >> 2 }, (_, i) => view.getInt32(4 * i, true));
  return { length: json.length, first: fours[0], fours, last: view.getInt32(json.length - 4, true) };
}

const TRUE = asWord('true');
const FALSE = asWord('false');

/** 1 for bytes that may stand in a string as they are: printable ASCII. */
const IS_PLAIN = Uint8Array.from({ length: 256 }, (_, c) =>
  Number(c >= SPACE && c <= 0x7e && c !== BACKSLASH && c !== QUOTE),
);
/** Digits that a double adds up exactly. */
const MAX_DIGITS = 15;

/** What the last integer or switch was, in column 0. */
const value = new Float64Array(1);

/** The same for others to read; they should keep it in a constant of their own. */
export function valueOfLast(): Float64Array {
  return value;
}

let view: DataView = new DataView(new ArrayBuffer(0));
/** Its length: asking the view itself is a call. */
let length = 0;

/** Says which bytes the next pieces are of. */
export function begin(bytes: Uint8Array): void {
  view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  length = bytes.byteLength;
}

/** True if the word stands at `at`. */
export function isWord(at: number, word: Word): boolean {
  if (at < 0 || at + word.length > length || view.getInt32(at, true) !== word.first) return false;
  const { fours } = word;
  for (let i = 1; i < fours.length; i++) if (view.getInt32(at + 4 * i, true) !== fours[i]) return false;
  return view.getInt32(at + word.length - 4, true) === word.last;
}

export function skipSpace(bytes: Uint8Array, at: number): Next {
  let next = at;
  while (next < bytes.length && bytes[next] <= SPACE && isSpace(bytes[next])) next++;
  return next;
}

export function isSpace(byte: number): boolean {
  return byte === SPACE || byte === 10 || byte === 13 || byte === 9;
}

/** Past one byte that must be there, and space. */
export function open(bytes: Uint8Array, at: number, byte: number): Next {
  return at >= 0 && bytes[at] === byte ? skipSpace(bytes, at + 1) : GIVEN_UP;
}

/** Past a colon with space around it. */
export function colon(bytes: Uint8Array, at: number): Next {
  return open(bytes, skipSpace(bytes, at), COLON);
}

/** Past a string of plain ASCII, space, a colon and space. */
export function afterName(bytes: Uint8Array, at: number): Next {
  const end = skipString(bytes, at);
  return end === GIVEN_UP ? GIVEN_UP : open(bytes, end, COLON);
}

export function skipString(bytes: Uint8Array, at: number): Next {
  if (at < 0 || bytes[at] !== QUOTE) return GIVEN_UP;
  for (let i = at + 1; i < bytes.length; i++) {
    if (IS_PLAIN[bytes[i]] === 1) continue;
    return bytes[i] === QUOTE ? skipSpace(bytes, i + 1) : GIVEN_UP;
  }
  return GIVEN_UP;
}

/** A value that says nothing: a string, an integer or a switch. */
export function skipPlain(bytes: Uint8Array, at: number): Next {
  if (at < 0) return GIVEN_UP;
  if (bytes[at] === QUOTE) return skipString(bytes, at);
  return bytes[at] === SMALL_T || bytes[at] === SMALL_F ? scanSwitch(bytes, at) : scanInteger(bytes, at);
}

/** An integer of JSON's grammar, into `value`. */
export function scanInteger(bytes: Uint8Array, start: number): Next {
  if (start < 0) return GIVEN_UP;
  const isNegative = bytes[start] === MINUS;
  const first = isNegative ? start + 1 : start;
  let n = 0;
  let at = first;
  for (; at < bytes.length; at++) {
    const digit = bytes[at] - ZERO;
    if (digit >>> 0 > 9) break;
    n = n * 10 + digit;
  }
  const digits = at - first;
  if (digits === 0 || digits > MAX_DIGITS || (digits > 1 && bytes[first] === ZERO)) return GIVEN_UP;
  value[0] = isNegative ? 0 - n : n;
  const end = skipSpace(bytes, at);
  return end < bytes.length && (bytes[end] === COMMA || bytes[end] === CLOSE) ? end : GIVEN_UP;
}

/** true or false as 1 or 0, into `value`. */
export function scanSwitch(bytes: Uint8Array, at: number): Next {
  if (at < 0) return GIVEN_UP;
  const isTrue = isWord(at, TRUE);
  if (!isTrue && !isWord(at, FALSE)) return GIVEN_UP;
  value[0] = isTrue ? 1 : 0;
  return skipSpace(bytes, at + (isTrue ? TRUE.length : FALSE.length));
}
