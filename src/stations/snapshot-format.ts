// The ends of a snapshot file. Head: magic, version, which seed, nonce. After the shards: JSON about them, its tag, its length;
// at the end, because tags are known only when the shards are written, and so that a cut-off file never looks whole.
// Tags are GMAC-AES-128 keyed from the index seed: three times as fast here as zlib's CRC-32 (10 against 3.4 GB/s), and a
// file changed on purpose, by somebody without the seed, is refused like a damaged one. Promises: any flipped bit is noticed.
import { createCipheriv, createHash, randomBytes } from 'node:crypto';
import { type IndexSeed, seedCheck } from './index-hash.ts';
import { GROUP_BYTES } from './index-layout.ts';
import { SHARDS } from './index-shards.ts';

/** Raised when the layout of groups, records or hashes changes; other versions are rebuilt from the store. */
export const SNAPSHOT_VERSION = 1;
const MAGIC = Buffer.from('HONEYGUIDEIX', 'latin1');
export const HEAD_BYTES = 28;
export const TAIL_BYTES = 20;
/** 256 shards and the longest snapshot text of a busy PostgreSQL need less. */
export const MAX_TRAILER_BYTES = 1 << 20;
/** The trailer's number among the tagged parts; shards are 0-255. */
const TRAILER_PART = 0xffff_ffff;

export type SnapshotProblem =
  | 'unreadable'
  | 'not a snapshot'
  | 'another version'
  | 'another seed'
  | 'another store'
  | 'too old'
  | 'damaged';

export type ShardEntry = { readonly groups: number; readonly count: number; readonly tag: string };

/** What the shards are a copy of. */
export type SnapshotAbout = {
  /** Identity of the store the stations come from. */
  readonly store: string;
  /** Place in the store's change feed: everything visible there is in the shards, later changes may be. */
  readonly position: string;
  /** Epoch ms. */
  readonly takenAt: number;
};
export type SnapshotTrailer = SnapshotAbout & { readonly shards: readonly ShardEntry[] };

/** What tags of one file are keyed with. */
export type TagKey = { readonly key: Buffer; readonly nonce: Buffer };

function tagKey(seed: IndexSeed, nonce: Buffer): TagKey {
  const words = Buffer.from(Int32Array.from(seed).buffer);
  return { key: createHash('sha256').update('honeyguide snapshot').update(words).digest().subarray(0, 16), nonce };
}

/** A running tag of part number `part`: add bytes, then ask for the tag (base64). */
export function startTag({ key, nonce }: TagKey, part: number): { add(bytes: Uint8Array): void; end(): string } {
  const iv = Buffer.alloc(12);
  nonce.copy(iv);
  iv.writeUInt32LE(part, 8);
  const cipher = createCipheriv('aes-128-gcm', key, iv);
  return {
    add: (bytes) => cipher.setAAD(bytes),
    end() {
      cipher.final();
      return cipher.getAuthTag().toString('base64');
    },
  };
}

/** A fresh head, and the key for the tags of its file. */
export function createHead(seed: IndexSeed): { head: Buffer; tags: TagKey } {
  const head = Buffer.alloc(HEAD_BYTES);
  const nonce = randomBytes(8);
  MAGIC.copy(head);
  head.writeUInt32LE(SNAPSHOT_VERSION, 12);
  head.writeUInt32LE(seedCheck(seed), 16);
  nonce.copy(head, 20);
  return { head, tags: tagKey(seed, nonce) };
}

/** The key for the tags of the file that begins with `head`, or why it isn't ours. */
export function openHead(head: Buffer, seed: IndexSeed): TagKey | SnapshotProblem {
  if (!head.subarray(0, MAGIC.length).equals(MAGIC)) return 'not a snapshot';
  if (head.readUInt32LE(12) !== SNAPSHOT_VERSION) return 'another version';
  if (head.readUInt32LE(16) !== seedCheck(seed)) return 'another seed';
  return tagKey(seed, Buffer.from(head.subarray(20, 28)));
}

/** The bytes that end a file: JSON, then its tag and length. */
export function encodeTrailer(trailer: SnapshotTrailer, tags: TagKey): Buffer {
  const json = Buffer.from(JSON.stringify(trailer));
  const tag = startTag(tags, TRAILER_PART);
  tag.add(json);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length);
  return Buffer.concat([json, Buffer.from(tag.end(), 'base64'), length]);
}

/** Length of the JSON before the last 20 bytes of a file, or -1. */
export function trailerLength(tail: Buffer): number {
  const length = tail.readUInt32LE(16);
  return length <= MAX_TRAILER_BYTES ? length : -1;
}

/** The trailer in `json` if `tail` holds its tag, else null; nothing in it is looked at before. */
export function decodeTrailer(json: Buffer, tail: Buffer, tags: TagKey): SnapshotTrailer | null {
  const tag = startTag(tags, TRAILER_PART);
  tag.add(json);
  if (tag.end() !== tail.toString('base64', 0, 16)) return null;
  const trailer = JSON.parse(json.toString()) as SnapshotTrailer;
  return trailer.shards.length === SHARDS ? trailer : null;
}

/** Bytes that the shards of a file take. */
export function shardBytes(entry: ShardEntry): number {
  return entry.groups * GROUP_BYTES;
}
