// JSON read from its bytes, piece by piece, without building anything: the words, integers and switches that a plain body is
// made of. Promises: what is accepted is valid JSON and means what JSON.parse would say; everything else (escapes, bytes
// beyond ASCII, fractions, exponents, long integers, null, trees) is GIVEN_UP, never guessed. A piece starts at its first byte
// and ends past the space behind it. A start of GIVEN_UP stays GIVEN_UP.

/** Where a piece ended, or GIVEN_UP. */
export type Next = number;
export const GIVEN_UP = -1;

export const [QUOTE_BYTE, COMMA, UNDERSCORE] = Buffer.from('",_');
export const [OPEN, CLOSE, OPEN_LIST, CLOSE_LIST] = Buffer.from('{}[]');
const [MINUS, ZERO, NINE, COLON, T, F] = Buffer.from('-09:tf');

/** A name or word with its closing quote. */
export const word = (text: string): Uint8Array => Uint8Array.from(Buffer.from(`${text}"`));
const TRUE = Uint8Array.from(Buffer.from('true'));
const FALSE = Uint8Array.from(Buffer.from('false'));

/** What a byte is inside a string: 0-15 a hex digit, else one of these. */
export const SEPARATOR = 16;
export const OTHER = 17;
export const QUOTE = 18;
export const ODD = 19;
export const CLASS = Uint8Array.from({ length: 256 }, (_, c) => {
  const text = String.fromCharCode(c);
  if (/[0-9a-f]/i.test(text)) return Number.parseInt(text, 16);
  if (text === '"') return QUOTE;
  if (c < 32 || c > 126 || text === '\\') return ODD;
  return ':-.'.includes(text) ? SEPARATOR : OTHER;
});
/** Digits that a double adds up exactly. */
const MAX_DIGITS = 15;

/** What the last part was, in column 0: an integer, a MAC (-1 = not one), a code. */
export const value = new Float64Array(1);
export function follows(bytes: Uint8Array, at: number, name: Uint8Array): boolean {
  for (let i = 0; i < name.length; i++) if (bytes[at + i] !== name[i]) return false;
  return true;
}

export function skipSpace(bytes: Uint8Array, at: number): Next {
  let next = at;
  while (next < bytes.length && isSpace(bytes[next])) next++;
  return next;
}

function isSpace(byte: number): boolean {
  return byte === 32 || byte === 10 || byte === 13 || byte === 9;
}

/** Past one byte that must be there, and space. */
export function open(bytes: Uint8Array, at: number, byte: number): Next {
  return at >= 0 && bytes[at] === byte ? skipSpace(bytes, at + 1) : GIVEN_UP;
}

/** True if the string at its opening quote `at` is this one; its colon then comes `name.length + 1` later. */
export function isNamed(bytes: Uint8Array, at: number, name: Uint8Array): boolean {
  return bytes[at] === QUOTE_BYTE && follows(bytes, at + 1, name);
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
  if (at < 0 || bytes[at] !== QUOTE_BYTE) return GIVEN_UP;
  for (let i = at + 1; i < bytes.length; i++) {
    const kind = CLASS[bytes[i]];
    if (kind === QUOTE) return skipSpace(bytes, i + 1);
    if (kind === ODD) return GIVEN_UP;
  }
  return GIVEN_UP;
}

/** A value that says nothing: a string, an integer or a switch. */
export function skipPlain(bytes: Uint8Array, at: number): Next {
  if (at < 0) return GIVEN_UP;
  if (bytes[at] === QUOTE_BYTE) return skipString(bytes, at);
  return bytes[at] === T || bytes[at] === F ? scanSwitch(bytes, at) : scanInteger(bytes, at);
}

/** An integer of JSON's grammar, into `value`. */
export function scanInteger(bytes: Uint8Array, start: number): Next {
  if (start < 0) return GIVEN_UP;
  const isNegative = bytes[start] === MINUS;
  const first = isNegative ? start + 1 : start;
  let n = 0;
  let at = first;
  for (; bytes[at] >= ZERO && bytes[at] <= NINE; at++) n = n * 10 + (bytes[at] - ZERO);
  const digits = at - first;
  if (digits === 0 || digits > MAX_DIGITS || (digits > 1 && bytes[first] === ZERO)) return GIVEN_UP;
  value[0] = isNegative ? 0 - n : n;
  const end = skipSpace(bytes, at);
  return bytes[end] === COMMA || bytes[end] === CLOSE ? end : GIVEN_UP;
}

/** true or false as 1 or 0, into `value`. */
export function scanSwitch(bytes: Uint8Array, at: number): Next {
  if (at < 0) return GIVEN_UP;
  const isTrue = follows(bytes, at, TRUE);
  if (!isTrue && !follows(bytes, at, FALSE)) return GIVEN_UP;
  value[0] = isTrue ? 1 : 0;
  return skipSpace(bytes, at + (isTrue ? TRUE.length : FALSE.length));
}
