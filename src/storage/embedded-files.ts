// The files of the embedded PGlite, which lets PostgreSQL wait for the disk as it does on a server. As it comes, PGlite runs
// with `fsync` off, and what PostgreSQL asks of the file system in vain it believes done: Emscripten's NODEFS has no
// fsync, and its fdatasync does nothing. Promises: what is committed with synchronous_commit, and all that recovery needs,
// is on disk when the commit is answered; a disk that refuses ends the store, which starts again from what is there.

import { fdatasyncSync, fsyncSync, readFileSync } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { PGlite, type PGliteOptions } from '@electric-sql/pglite';
import { NodeFS } from '@electric-sql/pglite/nodefs';

/** What of Emscripten is used: an open file of NODEFS has the descriptor that Node gave it. */
type NodeStream = { readonly nfd: number; readonly node: { readonly mode: number } };
type NodeFileSystem = {
  NODEFS: { stream_ops: { fsync?: (stream: NodeStream) => number } };
  FS: { isDir(mode: number): boolean; ErrnoError: new (code: number) => Error };
};

/** EIO in the numbers of WASI, which Emscripten speaks. */
const INPUT_OUTPUT_ERROR = 29;

/** PGlite's own parameters, but for `-F`, which is `fsync` off; and of the ways to sync the one that reaches NODEFS. */
const START_PARAMS = [...PGlite.defaultStartParams.filter((param) => param !== '-F'), '-c', 'wal_sync_method=fsync'];

/** What PGlite is, and what makes files that no other version reads. */
export const POSTGRES_MAJOR = '18';

/** Throws, with a sentence for people, if another version's PostgreSQL made these files: it would take them for damaged. */
export function requireReadable(folder: string): void {
  let made: string;
  try {
    made = readFileSync(join(folder, 'PG_VERSION'), 'latin1').trim();
  } catch {
    // Files that are damaged are told of by who opens them.
    return;
  }
  if (!/^[1-9]\d?$/.test(made) || made === POSTGRES_MAJOR) return;
  throw new Error(
    `the embedded store in DATA_DIR was made by PostgreSQL ${made}, and this version of Honeyguide has ${POSTGRES_MAJOR}: it is not damaged, but only a version that has ${made} can open it`,
  );
}

/** Options for `PGlite.create` that keep its files in `folder`, durably. */
export function durableFiles(folder: string): PGliteOptions {
  const files = new NodeFS(folder);
  const init = files.init.bind(files);
  files.init = async (db, options) => {
    const { emscriptenOpts } = await init(db, options);
    const teachFsync = (module: unknown) => {
      const { NODEFS, FS } = module as NodeFileSystem;
      NODEFS.stream_ops.fsync = ({ nfd, node }) => {
        try {
          if (FS.isDir(node.mode)) fsyncSync(nfd);
          else fdatasyncSync(nfd);
          return 0;
        } catch {
          throw new FS.ErrnoError(INPUT_OUTPUT_ERROR);
        }
      };
    };
    return { emscriptenOpts: { ...emscriptenOpts, preRun: [...(emscriptenOpts.preRun ?? []), teachFsync] } };
  };
  return { fs: files, startParams: START_PARAMS };
}

/** Files forced to disk at once: file systems do many in one go, so that the thousand files of a new store take half a second. */
const AT_ONCE = 16;

/** Forces a folder and all below it to disk: initdb writes past the file system that was taught to. */
export async function syncFolder(folder: string): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = [folder, ...entries.map(({ parentPath, name }) => join(parentPath, name))];
  const worker = async (): Promise<void> => {
    for (let path = paths.pop(); path !== undefined; path = paths.pop()) await syncPath(path);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

/** Forces one file or folder to disk; of a folder, which names are in it. */
export async function syncPath(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
