// The anonymity map as bytes: a line of magic, a line of JSON that says which map it is, then the region names as
// ascending differences in variable-length groups of 7 bits. Promises: decode(encode(x)) = x; the same map gives the same
// bytes, and another partition always another version; a damaged, cut or foreign file is told, never half read.
// Compression and files are the caller's.
import { createHash } from 'node:crypto';

const MAGIC = 'honeyguide anonymity map 1\n';

/** `k` is the fewest residents of a region; `source` is who to credit. */
type MapLabel = { readonly k: number; readonly source: string };
export type LabelledMap = MapLabel & { readonly names: Uint32Array };
/** A map as it was read; `version` names its partition in answers: the first 12 hex digits of the hash of its regions. */
export type VersionedMap = LabelledMap & { readonly version: string };

const VERSION_LENGTH = 12;

/** Bytes of a map whose `names` ascend strictly. */
export function encodeAnonymityMap(map: LabelledMap): Uint8Array {
  const { k, source, names } = map;
  const groups = new Uint8Array(names.length * 5);
  let at = 0;
  let last = -1;
  for (const name of names) {
    let rest = name - last - 1;
    if (rest < 0) throw new RangeError('region names must ascend');
    for (; rest > 127; rest >>>= 7) groups[at++] = (rest & 127) | 128;
    groups[at++] = rest;
    last = name;
  }
  const body = groups.subarray(0, at);
  const head = `${MAGIC}${JSON.stringify({ k, source, regions: names.length, sha256: digest(body) })}\n`;
  return Buffer.concat([Buffer.from(head), body]);
}

/** The map in `bytes`, or null if they are no whole map of this format. */
export function decodeAnonymityMap(bytes: Uint8Array): VersionedMap | null {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.toString('latin1', 0, MAGIC.length) !== MAGIC) return null;
  const end = buffer.indexOf(10, MAGIC.length);
  const head = end < 0 ? null : readHead(buffer.toString('utf8', MAGIC.length, end));
  const body = buffer.subarray(end + 1);
  if (head === null || digest(body) !== head.sha256) return null;
  const names = new Uint32Array(head.regions);
  let at = 0;
  let last = -1;
  for (let i = 0; i < names.length; i++) {
    let rest = 0;
    let shift = 0;
    for (; body[at] > 127; shift += 7) rest |= (body[at++] & 127) << shift;
    rest |= body[at++] << shift;
    last += rest + 1;
    names[i] = last;
  }
  if (at !== body.length) return null;
  return { version: head.sha256.slice(0, VERSION_LENGTH), k: head.k, source: head.source, names };
}

type Head = MapLabel & { readonly regions: number; readonly sha256: string };

function readHead(text: string): Head | null {
  try {
    const head = JSON.parse(text) as Partial<Head>;
    const isWhole = typeof head.source === 'string' && Number(head.k) >= 1;
    return isWhole && Number.isInteger(head.regions) && Number(head.regions) <= 2 ** 28 ? (head as Head) : null;
  } catch {
    return null;
  }
}

function digest(body: Uint8Array): string {
  return createHash('sha256').update(body).digest('hex');
}
