// Folders of ours, private to who runs us. Apart from Node's own `recursive`, which never returns for a folder that /proc
// will not hold (it takes ENOENT for a missing parent, for ever).
import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

const CANNOT: Readonly<Record<string, string>> = {
  ENOTDIR: 'something above it is a file, no folder',
  ENOENT: 'what is above it takes no folders',
  EACCES: 'this user may not make folders there',
  EPERM: 'this user may not make folders there',
  EROFS: 'the file system there is read only',
  ENOSPC: 'no space is left there',
};

/** Makes a folder and what is missing above it, for this user alone. Throws, with a sentence for people, where one cannot be made. */
export function makeFolder(path: string): void {
  if (existsSync(path)) return;
  const parent = dirname(path);
  if (parent !== path) makeFolder(parent);
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    // Somebody else was quicker.
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (code !== 'EEXIST')
      throw code in CANNOT ? new Error(`${path} cannot be made: ${CANNOT[code]} (${code})`) : error;
  }
}
