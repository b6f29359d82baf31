// The parts of a snapshot file: shards, and a trailer of JSON about them, each encrypted with AES-256-GCM. Head: magic, version,
// which seed, salt. The trailer stands at the end, because tags are known only when the shards are written, and so that a
// cut-off file never looks whole; its tag and length follow it. The key of a file is derived from the installation's and the
// file's salt, so a part's number is nonce enough. Promises: without the key a file says how many stations there are, no
// more; any flipped bit is noticed; a file changed on purpose, by somebody without the key, is refused like a damaged one.
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { type IndexSeed, seedCheck } from './index-hash.ts';
import { GROUP_BYTES } from './index-layout.ts';
import { SHARDS } from './index-shards.ts';

/** Raised when the layout of groups, records, hashes or the file changes; other versions are rebuilt from the store. */
const SNAPSHOT_VERSION = 2;
const MAGIC = Buffer.from('HONEYGUIDEIX', 'latin1');
const SALT_BYTES = 16;
export const HEAD_BYTES = 20 + SALT_BYTES;
const TAG_BYTES = 16;
export const TAIL_BYTES = TAG_BYTES + 4;
/** 256 shards and the longest snapshot text of a busy PostgreSQL need less. */
const MAX_TRAILER_BYTES = 1 << 20;
/** The trailer's number among the parts; shards are 0-255. */
const TRAILER_PART = 0xffff_ffff;

export type SnapshotProblem =
  | 'unreadable'
  | 'not a snapshot'
  | 'another version'
  | 'another seed'
  | 'another store'
  | 'too old'
  | 'of a time to come'
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

/** The key of one file, and its head, which every part is bound to. */
export type FileKey = { readonly key: Uint8Array; readonly head: Uint8Array };

function fileKey(key: Uint8Array, head: Buffer): FileKey {
  const salt = head.subarray(HEAD_BYTES - SALT_BYTES);
  return { key: new Uint8Array(hkdfSync('sha256', key, salt, 'honeyguide snapshot file', 32)), head };
}

function nonceOf(part: number): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUInt32LE(part);
  return nonce;
}

/** Part number `part`, encrypted; `tag` is base64. */
export function sealPart({ key, head }: FileKey, part: number, plain: Uint8Array): { bytes: Buffer; tag: string } {
  const cipher = createCipheriv('aes-256-gcm', key, nonceOf(part)).setAAD(head);
  const bytes = cipher.update(plain);
  cipher.final();
  return { bytes, tag: cipher.getAuthTag().toString('base64') };
}

/** Decrypts part number `part` piece by piece; `end` says whether all of it was as it was written. */
export function openPart(
  { key, head }: FileKey,
  part: number,
  tag: string,
): { next(piece: Uint8Array): Buffer; end(): boolean } {
  const cipher = createDecipheriv('aes-256-gcm', key, nonceOf(part), { authTagLength: TAG_BYTES }).setAAD(head);
  const tagBytes = Buffer.from(tag, 'base64');
  return {
    next: (piece) => cipher.update(piece),
    end() {
      if (tagBytes.length !== TAG_BYTES) return false;
      try {
        cipher.setAuthTag(tagBytes).final();
        return true;
      } catch {
        return false;
      }
    },
  };
}

/** A fresh head, and the key of its file. `key` is the installation's. */
export function createHead(seed: IndexSeed, key: Uint8Array): { head: Buffer; file: FileKey } {
  const head = Buffer.alloc(HEAD_BYTES);
  MAGIC.copy(head);
  head.writeUInt32LE(SNAPSHOT_VERSION, 12);
  head.writeUInt32LE(seedCheck(seed), 16);
  randomBytes(SALT_BYTES).copy(head, 20);
  return { head, file: fileKey(key, head) };
}

/** The key of the file that begins with `head`, or why it isn't ours. */
export function openHead(head: Buffer, seed: IndexSeed, key: Uint8Array): FileKey | SnapshotProblem {
  if (!head.subarray(0, MAGIC.length).equals(MAGIC)) return 'not a snapshot';
  if (head.readUInt32LE(12) !== SNAPSHOT_VERSION) return 'another version';
  if (head.readUInt32LE(16) !== seedCheck(seed)) return 'another seed';
  return fileKey(key, Buffer.from(head));
}

/** The bytes that end a file: the trailer, its tag and its length. */
export function encodeTrailer(trailer: SnapshotTrailer, file: FileKey): Buffer {
  const { bytes, tag } = sealPart(file, TRAILER_PART, Buffer.from(JSON.stringify(trailer)));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes.length);
  return Buffer.concat([bytes, Buffer.from(tag, 'base64'), length]);
}

/** Length of the trailer before the last 20 bytes of a file, or -1. */
export function trailerLength(tail: Buffer): number {
  const length = tail.readUInt32LE(TAG_BYTES);
  return length <= MAX_TRAILER_BYTES ? length : -1;
}

/** The trailer in `bytes` if `tail` holds its tag, else null; nothing in it is looked at before. */
export function decodeTrailer(bytes: Buffer, tail: Buffer, file: FileKey): SnapshotTrailer | null {
  const part = openPart(file, TRAILER_PART, tail.toString('base64', 0, TAG_BYTES));
  const json = part.next(bytes);
  if (!part.end()) return null;
  const trailer = JSON.parse(json.toString()) as SnapshotTrailer;
  return trailer.shards.length === SHARDS ? trailer : null;
}

/** Bytes that the shards of a file take. */
export function shardBytes(entry: ShardEntry): number {
  return entry.groups * GROUP_BYTES;
}
