// The secrets of an installation: random, made on the first start, kept in one file that only its owner may read.
// Promises: no secret has a default in the code; a file others can read is refused, not repaired, since it may have been
// read; two processes that start at once end with the same secrets. A generated file of an older version is given what it
// lacks. A file named by SECRETS_FILE must exist and hold all: replicas that each made their own would not agree.

import {
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { makeFolder } from '../storage/make-folder.ts';
import type { Config } from './env.ts';

/** Every secret and its length in bytes. */
const SECRET_BYTES = {
  /** Seeds the hash of the resident index, so that nobody can craft colliding stations. */
  indexSeed: 16,
  /** Keys the pseudonyms of devices. */
  pseudonymKey: 32,
  /** Keys the hysteresis of coarse answers. */
  coarseKey: 32,
  /** Hashes the addresses of access points that are barred; with another key nobody is barred any more. */
  barredKey: 32,
  /** Wraps the keys of devices. */
  masterKey: 32,
  /** Chains the ledger: who can only write tables can't forge it. */
  ledgerKey: 32,
  /** Seed of the Ed25519 key that signs consent receipts. */
  receiptKey: 32,
  /** Encrypts what the map holds at rest: addresses of access points and beacons, waiting reports, the index snapshot. */
  stationKey: 32,
} as const;
type SecretName = keyof typeof SECRET_BYTES;
export type Secrets = Readonly<Record<SecretName, Buffer>>;

const NAMES = Object.keys(SECRET_BYTES) as SecretName[];
/** Permission bits of group and others. */
const NOT_OWNER = 0o077;
/** Adding secrets takes milliseconds; whoever finds another process at it waits so long. */
const LOCK_MS = 10_000;

/** Where the secrets of this configuration lie. */
export function secretsPath(config: Pick<Config, 'dataDir' | 'secretsFile'>): string {
  return config.secretsFile ?? join(config.dataDir, 'secrets.json');
}

/**
 * Reads the secrets; if the file is the default one, makes it or adds what it lacks. `random` returns that many random
 * bytes. Throws an Error that names the file's problem, never its content.
 */
export function loadSecrets(
  config: Pick<Config, 'dataDir' | 'secretsFile'>,
  random: (bytes: number) => Buffer,
): Secrets {
  const path = secretsPath(config);
  if (!config.secretsFile) {
    if (statSync(path, { throwIfNoEntry: false }) === undefined) generate(path, random);
    else if (isIncomplete(path)) complete(path, random);
  }
  const problem = secretsProblem(path);
  if (problem) throw new Error(problem);
  const { given } = read(path) as SecretTexts;
  const secrets = NAMES.map((name) => [name, Buffer.from(given[name] as string, 'hex')]);
  return Object.freeze(Object.fromEntries(secrets) as Record<SecretName, Buffer>);
}

/** What is wrong with a secrets file, or null. */
export function secretsProblem(path: string): string | null {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found)
    return `${path} is missing: it must hold the secrets (a start without SECRETS_FILE makes such a file in DATA_DIR)`;
  if (found.isDirectory()) return `${path} is a folder, and must be the file that holds the secrets`;
  if ((found.mode & NOT_OWNER) !== 0) {
    return `${path} can be read or changed by others than its owner: make new secrets, or chmod 600 if nobody else has read it`;
  }
  const file = read(path);
  if (file === null) return `${path} is not a JSON file this process can read`;
  const wanted = [...file.wrong, ...file.missing].map((name) => `${name} (${SECRET_BYTES[name]} bytes as hex)`);
  return wanted.length > 0 ? `${path} must hold ${wanted.join(', ')}` : null;
}

/** True for a file that an older version made: only its owner reads it, nothing in it is wrong, something newer is missing. */
export function isIncomplete(path: string): boolean {
  const file = (statSync(path).mode & NOT_OWNER) === 0 ? read(path) : null;
  return file !== null && file.wrong.length === 0 && file.missing.length > 0 && file.missing.length < NAMES.length;
}

type SecretTexts = { given: Record<string, unknown>; missing: SecretName[]; wrong: SecretName[] };

/** What the file holds, unchecked, and what of it is not there or not as it should be; null if it is no JSON. */
function read(path: string): SecretTexts | null {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return null;
  }
  const given = (typeof content === 'object' && content !== null ? content : {}) as Record<string, unknown>;
  const missing = NAMES.filter((name) => given[name] === undefined);
  const wrong = NAMES.filter((name) => {
    const hex = given[name];
    if (hex === undefined) return false;
    return typeof hex !== 'string' || hex.length !== 2 * SECRET_BYTES[name] || !/^[0-9a-f]+$/i.test(hex);
  });
  return { given, missing, wrong };
}

function writeBeside(path: string, secrets: Record<string, unknown>, random: (bytes: number) => Buffer): string {
  const beside = `${path}.${random(8).toString('hex')}`;
  writeFileSync(beside, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600, flag: 'wx', flush: true });
  return beside;
}

const makeSecrets = (names: readonly SecretName[], random: (bytes: number) => Buffer): Record<string, string> =>
  Object.fromEntries(names.map((name) => [name, random(SECRET_BYTES[name]).toString('hex')]));

/**
 * Adds what is missing, one process at a time: an exclusive SQLite transaction is a lock that ends with whoever holds it,
 * however that ends. The file is replaced whole, so that a crash leaves the old one or the new one.
 */
function complete(path: string, random: (bytes: number) => Buffer): void {
  changeSecrets(path, random, (file) =>
    file.missing.length === 0 ? null : { ...file.given, ...makeSecrets(file.missing, random) },
  );
}

/** Replaces the file by what `change` makes of it, under the lock; null or a file that can't be read changes nothing. */
export function changeSecrets(
  path: string,
  random: (bytes: number) => Buffer,
  change: (file: SecretTexts) => Record<string, unknown> | null,
): void {
  const lock = new DatabaseSync(`${path}.lock`, { timeout: LOCK_MS });
  try {
    lock.exec('begin exclusive');
    const file = read(path);
    const changed = file === null ? null : change(file);
    if (changed !== null) {
      renameSync(writeBeside(path, changed, random), path);
      syncFolderOf(path);
    }
  } finally {
    lock.close();
  }
}

/** Writes beside and links into place: whoever links second takes what the first one made. */
function generate(path: string, random: (bytes: number) => Buffer): void {
  makeFolder(dirname(path));
  const beside = writeBeside(path, makeSecrets(NAMES, random), random);
  try {
    linkSync(beside, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(beside);
  }
  syncFolderOf(path);
}

/** Forces to disk that the file has its name: what is encrypted afterwards must not outlive its key when the power goes. */
function syncFolderOf(path: string): void {
  const folder = openSync(dirname(path), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
