import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Every file in a folder and those below it. */
export const filesBelow = (folder: string) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile());
