// Folders of ours, private to who runs us. Apart from Node's own `recursive`, which never returns for a folder that /proc
// will not hold (it takes ENOENT for a missing parent, for ever).
import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

/** Makes a folder and what is missing above it, for this user alone. Throws where one cannot be made. */
export function makeFolder(path: string): void {
  if (existsSync(path)) return;
  const parent = dirname(path);
  if (parent !== path) makeFolder(parent);
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    // Somebody else was quicker.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
