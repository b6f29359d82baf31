// The resident index as a file, so that a start needs no full read of the store. Promises: written aside, flushed, renamed,
// so a crash leaves the old file or the new one, also where several gateways of one host write it at once; encrypted throughout; a file that is damaged, cut off, another version's,
// another store's or of another key or seed is never loaded, and the answer says why; the index is untouched unless all of
// it checked out. Does not stop the writer: shards are encrypted one by one, each in a few ms, while the feed goes on; the
// position in the file is the one before the first, and applying later changes twice does no harm.
import { randomBytes } from 'node:crypto';
import { readSync } from 'node:fs';
import { type FileHandle, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { IndexSeed } from './index-hash.ts';
import { createShard, groupsOf, SHARD_OFFSET_BYTES, SHARDS, shardView } from './index-shards.ts';
import type { LoadedShard, StationIndex } from './index-writer.ts';
import {
  createHead,
  decodeTrailer,
  encodeTrailer,
  type FileKey,
  HEAD_BYTES,
  openHead,
  openPart,
  type ShardEntry,
  type SnapshotAbout,
  type SnapshotProblem,
  type SnapshotTrailer,
  sealPart,
  shardBytes,
  TAIL_BYTES,
  trailerLength,
} from './snapshot-format.ts';

/** Bytes read and decrypted at a time: they stay in the second-level cache in between. */
const PIECE_BYTES = 1 << 18;
/** Bytes read before others get a turn: a few milliseconds' worth. */
const TURN_BYTES = 1 << 23;
/** What lies aside and was not written to for so long was left by a crash. */
const LEFT_MS = 60_000;

type SnapshotResult =
  | { kind: 'loaded'; stations: number; about: SnapshotAbout }
  | { kind: 'missing' }
  | { kind: 'refused'; reason: SnapshotProblem };

/** Where a snapshot lies, and the installation's key for it (32 bytes). */
export type SnapshotFile = { readonly path: string; readonly key: Uint8Array };

/**
 * Writes the index to the file (0600, through one of a name of its own beside it). `settled` is waited for before the new file takes the old one's place.
 * Throws what the file system or `settled` throws; the old file then stays.
 */
export async function writeSnapshot(
  { path, key }: SnapshotFile,
  index: StationIndex,
  about: SnapshotAbout,
  settled: () => Promise<void> = async () => {},
): Promise<void> {
  const aside = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    const file = await open(aside, 'wx', 0o600);
    try {
      await removeLeft(path, (await file.stat()).mtimeMs);
      await writeShards(file, index, about, key);
      await file.sync();
    } finally {
      await file.close();
    }
    await settled();
    await rename(aside, path);
  } catch (error) {
    await rm(aside, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

/** Removes what writers that were killed left aside. */
async function removeLeft(path: string, nowMs: number): Promise<void> {
  for (const name of await readdir(dirname(path))) {
    if (!name.startsWith(`${basename(path)}.`) || !name.endsWith('.tmp')) continue;
    const left = join(dirname(path), name);
    const found = await stat(left).catch(() => null);
    if (found !== null && nowMs - found.mtimeMs > LEFT_MS) await rm(left, { force: true });
  }
}

async function writeShards(
  handle: FileHandle,
  index: StationIndex,
  about: SnapshotAbout,
  key: Uint8Array,
): Promise<void> {
  const { head, file } = createHead(index.seed, key);
  const shards: ShardEntry[] = [];
  await handle.appendFile(head);
  for (let n = 0; n < SHARDS; n++) {
    // Encrypted and described without giving way, so that the writer can change the shard while it is written.
    const { buffer, count } = index.shard(n);
    const { bytes, tag } = sealPart(file, n, new Uint8Array(buffer, SHARD_OFFSET_BYTES));
    shards.push({ groups: groupsOf(shardView(buffer)), count, tag });
    await handle.appendFile(bytes);
  }
  await handle.appendFile(encodeTrailer({ ...about, shards }, file));
}

/** Makes the rename itself last. Windows can't open folders; there the rename is as durable as it gets. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => null);
  if (handle === null) return;
  await handle.sync().catch(() => undefined);
  await handle.close();
}

/**
 * Loads the file into the index, in place of what it holds, if it is whole and of this key and seed, and, where `expect` says
 * so, of this store, not taken before `oldestMs` and not after `newestMs`.
 */
export async function readSnapshot(
  { path, key }: SnapshotFile,
  index: StationIndex,
  expect: { store?: string; oldestMs?: number; newestMs?: number } = {},
): Promise<SnapshotResult> {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? { kind: 'missing' } : refused('unreadable');
  }
  try {
    const opened = readEnds(file.fd, (await file.stat()).size, index.seed, key);
    if (typeof opened === 'string') return refused(opened);
    const { store, position, takenAt, shards: entries } = opened.trailer;
    if (expect.store !== undefined && store !== expect.store) return refused('another store');
    if (expect.oldestMs !== undefined && takenAt < expect.oldestMs) return refused('too old');
    if (expect.newestMs !== undefined && takenAt > expect.newestMs) return refused('of a time to come');
    const shards = await readShards(file.fd, entries, opened.file);
    if (shards === null) return refused('damaged');
    index.replace(shards);
    return { kind: 'loaded', stations: index.size(), about: { store, position, takenAt } };
  } catch {
    return refused('unreadable');
  } finally {
    await file.close();
  }
}

function refused(reason: SnapshotProblem): SnapshotResult {
  return { kind: 'refused', reason };
}

type Ends = { readonly trailer: SnapshotTrailer; readonly file: FileKey };

function readEnds(fd: number, size: number, seed: IndexSeed, key: Uint8Array): Ends | SnapshotProblem {
  const head = Buffer.alloc(HEAD_BYTES);
  if (!readFully(fd, head, 0)) return 'not a snapshot';
  const file = openHead(head, seed, key);
  if (typeof file === 'string') return file;
  const tail = Buffer.alloc(TAIL_BYTES);
  if (!readFully(fd, tail, size - TAIL_BYTES)) return 'damaged';
  const length = trailerLength(tail);
  const start = size - TAIL_BYTES - length;
  if (length < 0 || start < HEAD_BYTES) return 'damaged';
  const sealed = Buffer.alloc(length);
  const trailer = readFully(fd, sealed, start) ? decodeTrailer(sealed, tail, file) : null;
  if (trailer === null) return 'damaged';
  const bytes = trailer.shards.reduce((sum, entry) => sum + shardBytes(entry), 0);
  return bytes === start - HEAD_BYTES ? { trailer, file } : 'damaged';
}

/** All shards with their tags right, or null. Gives way every few megabytes. */
async function readShards(fd: number, entries: readonly ShardEntry[], file: FileKey): Promise<LoadedShard[] | null> {
  const shards: LoadedShard[] = [];
  const sealed = Buffer.alloc(PIECE_BYTES);
  let at = HEAD_BYTES;
  let sinceTurn = 0;
  for (const [n, entry] of entries.entries()) {
    const buffer = createShard(entry.groups);
    const bytes = new Uint8Array(buffer, SHARD_OFFSET_BYTES);
    const part = openPart(file, n, entry.tag);
    for (let from = 0; from < bytes.length; from += PIECE_BYTES) {
      const piece = sealed.subarray(0, Math.min(PIECE_BYTES, bytes.length - from));
      if (!readFully(fd, piece, at + from)) return null;
      bytes.set(part.next(piece), from);
    }
    if (!part.end()) return null;
    shards.push({ buffer, count: entry.count });
    at += bytes.length;
    sinceTurn += bytes.length;
    if (sinceTurn < TURN_BYTES) continue;
    sinceTurn = 0;
    await nextTurn();
  }
  return shards;
}

/** Fills `into` from the file at `at`; false if the file does not reach that far. Synchronous: a hop a piece costs more than the piece. */
function readFully(fd: number, into: Uint8Array, at: number): boolean {
  if (at < 0) return false;
  for (let done = 0; done < into.length; ) {
    const read = readSync(fd, into, done, into.length - done, at + done);
    if (read === 0) return false;
    done += read;
  }
  return true;
}
