// Reads what phones really post: JSON under any content type or none, empty bodies, gzip with or without saying so,
// byte order marks, odd charsets. Every decoder is bounded, so a bomb costs at most what the scope allows.
// Promises: never throws; what cannot be read comes back as MALFORMED_BODY or OVERSIZED_BODY, which the handler refuses.
// Does not look inside the JSON.
import type { IncomingHttpHeaders } from 'node:http';
import {
  brotliDecompressSync,
  constants,
  gunzipSync,
  inflateRawSync,
  inflateSync,
  zstdDecompressSync,
} from 'node:zlib';

/** As sent. 100 access points with every field a client may add are about 20 KiB. */
export const BODY_LIMIT_BYTES = 64 * 1024;
/** After decompression. */
export const INFLATED_LIMIT_BYTES = 512 * 1024;

export const JSON_TYPE = 'application/json';
export const MALFORMED_BODY = Symbol('malformed body');
export const OVERSIZED_BODY = Symbol('oversized body');
/** Not whole yet when there was no more room for bodies that come in. */
export const CROWDED_BODY = Symbol('crowded body');

type Bound = { maxOutputLength: number };
const DECODERS: Readonly<Record<string, (bytes: Buffer, bound: Bound) => Buffer>> = {
  deflate: (bytes, bound) => ((bytes[0] & 0x0f) === 8 ? inflateSync(bytes, bound) : inflateRawSync(bytes, bound)),
  br: (bytes, bound) => brotliDecompressSync(bytes, bound),
  zstd: (bytes, bound) => zstdDecompressSync(bytes, { ...bound, params: { [constants.ZSTD_d_windowLogMax]: 22 } }),
};

/**
 * The JSON value in a body. `encoding` is Content-Encoding, `contentType` is looked at for its charset only.
 * gzip is told by its magic bytes, whatever the headers say: a proxy may have unpacked the body and left the header, and
 * KaiOS's stumbler sends gzip under a content type. Empty (or blank) means `{}`, as Firefox's first request does.
 */
export function decodeJsonBody(
  bytes: Buffer,
  encoding?: string,
  contentType?: string,
  inflatedBytes = INFLATED_LIMIT_BYTES,
): unknown {
  try {
    const bound = { maxOutputLength: inflatedBytes };
    let plain = bytes;
    if (bytes[0] === 0x1f && bytes[1] === 0x8b) plain = gunzipSync(bytes, bound);
    else if (encoding !== undefined && bytes.length > 0)
      plain = DECODERS[encoding.trim().toLowerCase()]?.(bytes, bound) ?? bytes;
    const text = decodeText(plain, contentType);
    return text.trim() === '' ? {} : JSON.parse(text);
  } catch (error) {
    return (error as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE' ? OVERSIZED_BODY : MALFORMED_BODY;
  }
}

function decodeText(bytes: Buffer, contentType: string | undefined): string {
  const label = contentType === undefined || contentType === JSON_TYPE ? undefined : charsetOf(contentType);
  if (label !== undefined) return decodeCharset(bytes, label);
  const text = bytes.toString();
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

/** The charset a content type names, or undefined for UTF-8 and for none. */
function charsetOf(contentType: string): string | undefined {
  const label = /;\s*charset\s*=\s*"?([\w.-]{1,40})/i.exec(contentType)?.[1].toLowerCase();
  return label === undefined || label === 'utf-8' || label === 'utf8' ? undefined : label;
}

/** Unknown charsets are read as UTF-8: every field that is used is ASCII, so a wrong guess loses nothing. */
function decodeCharset(bytes: Buffer, label: string): string {
  try {
    return new TextDecoder(isBigEndian16(bytes, label) ? 'utf-16be' : label).decode(bytes);
  } catch {
    return new TextDecoder().decode(bytes);
  }
}

/** The byte order mark decides (RFC 2781, 4.3), which the Encoding Standard's label does not: Java writes big-endian ones. */
function isBigEndian16(bytes: Buffer, label: string): boolean {
  return label === 'utf-16' && bytes[0] === 0xfe && bytes[1] === 0xff;
}

/** Reduces the content type of a request, whatever it says, to JSON with its charset. */
export function simplifyContentType(headers: IncomingHttpHeaders): void {
  const type = headers['content-type'];
  if (type === undefined || type === JSON_TYPE) return;
  const charset = charsetOf(type);
  headers['content-type'] = charset === undefined ? JSON_TYPE : `${JSON_TYPE};charset=${charset}`;
}
