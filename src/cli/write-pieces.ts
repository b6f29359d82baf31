// Long results of commands, written while they are read. Promises: no more than a piece is in memory, however slow what takes it; a
// file that was not finished is not left behind.
import { createWriteStream } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** To the output of a command. Resolves also if whoever reads it had enough of it, as `head` does. */
export async function writePieces(pieces: AsyncIterable<string>, output: Writable): Promise<void> {
  try {
    await pipeline(Readable.from(pieces, { objectMode: false }), output, { end: false });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error;
  }
}

/**
 * Into a new file that only its owner reads; it fails before anything is read if there is one of that name. The file has its
 * name, and its text, once `agree` has resolved, which is asked when all was written.
 */
export async function writeNewFile(
  file: string,
  open: () => Promise<AsyncIterable<string>>,
  agree: () => Promise<void>,
): Promise<void> {
  const partial = `${file}.partial`;
  await writeFile(file, '', { mode: 0o600, flag: 'wx' });
  try {
    const pieces = Readable.from(await open(), { objectMode: false });
    await pipeline(pieces, createWriteStream(partial, { mode: 0o600, flags: 'wx', flush: true }));
    await agree();
    await rename(partial, file);
  } catch (error) {
    await rm(partial, { force: true });
    await rm(file, { force: true });
    throw error;
  }
}
