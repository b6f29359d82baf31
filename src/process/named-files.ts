// Whether the files that settings name are there and can be read, asked before anything is opened. Promises: all that is wrong is
// said at once, each with its setting; nothing of their content is. What else is wrong with a map or an IP database is found when it is read.
import { closeSync, fstatSync, openSync } from 'node:fs';
import type { Config } from '../config/env.ts';
import { secretsProblem } from '../config/secrets.ts';

/** What is wrong with the files that `config` names, a sentence each; files that come along, or are made, are not named. */
export function namedFileProblems({ geoipDb, anonymityMap, secretsFile }: Config): string[] {
  const problems = [
    geoipDb === undefined ? null : fileProblem('GEOIP_DB', geoipDb),
    anonymityMap === undefined || anonymityMap === 'strict' ? null : fileProblem('ANONYMITY_MAP', anonymityMap),
    secretsFile === undefined ? null : secretsFileProblem(secretsFile),
  ];
  return problems.filter((problem) => problem !== null);
}

function secretsFileProblem(path: string): string | null {
  const problem = secretsProblem(path);
  return problem && `SECRETS_FILE ${problem}`;
}

function fileProblem(setting: string, path: string): string | null {
  let file: number | undefined;
  try {
    file = openSync(path, 'r');
    return fstatSync(file).isDirectory() ? `${setting} ${path} is a folder, and must be a file` : null;
  } catch (error) {
    const isThere = (error as NodeJS.ErrnoException).code !== 'ENOENT';
    return `${setting} ${path} ${isThere ? 'cannot be read by this process' : 'is missing'}`;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
