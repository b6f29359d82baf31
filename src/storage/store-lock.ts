// One owner for a folder, decided by the operating system. Promises: the lock ends with the process that holds it, however
// that ends (kill -9 too), so no stale owner has to be guessed from a process number; also across containers that share
// the folder. SQLite's exclusive transaction on an empty file is used for it: Node has no file lock of its own.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** Who holds a folder: a server for as long as it runs, a command for as long as it works. */
export type Holder = { role: 'server' | 'command'; pid: number };

export type FolderLock = { release(): void };

const SQLITE_BUSY = 5;

/** Takes the folder for this process, or returns null at once if another holds it. */
export function lockFolder(folder: string, role: Holder['role']): FolderLock | null {
  const file = new DatabaseSync(join(folder, 'lock'), { timeout: 0 });
  try {
    file.exec('begin exclusive');
  } catch (error) {
    file.close();
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) return null;
    throw error;
  }
  writeFileSync(join(folder, 'holder.json'), JSON.stringify({ role, pid: process.pid } satisfies Holder));
  return { release: () => file.close() };
}

/** Who said to hold the folder last, for messages; only the lock itself decides. */
export function readHolder(folder: string): Holder | null {
  try {
    const { role, pid } = JSON.parse(readFileSync(join(folder, 'holder.json'), 'utf8'));
    return (role === 'server' || role === 'command') && Number.isInteger(pid) ? { role, pid } : null;
  } catch {
    return null;
  }
}
