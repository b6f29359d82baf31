// The secrets of an installation: random, made on the first start, kept in one file that only its owner may read.
// Promises: no secret has a default in the code; a file others can read is refused, not repaired, since it may have been
// read; two processes that start at once end with the same secrets. A file named by SECRETS_FILE must exist: replicas
// that each made their own would not agree on pseudonyms.

import { linkSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
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
} as const;
export type SecretName = keyof typeof SECRET_BYTES;
export type Secrets = Readonly<Record<SecretName, Buffer>>;

const NAMES = Object.keys(SECRET_BYTES) as SecretName[];
/** Permission bits of group and others. */
const NOT_OWNER = 0o077;

/** Where the secrets of this configuration lie. */
export function secretsPath(config: Pick<Config, 'dataDir' | 'secretsFile'>): string {
  return config.secretsFile ?? join(config.dataDir, 'secrets.json');
}

/**
 * Reads the secrets, or makes them if the file is the default one and missing. `random` returns that many random bytes.
 * Throws an Error that names the file's problem, never its content.
 */
export function loadSecrets(
  config: Pick<Config, 'dataDir' | 'secretsFile'>,
  random: (bytes: number) => Buffer,
): Secrets {
  const path = secretsPath(config);
  if (!config.secretsFile && statSync(path, { throwIfNoEntry: false }) === undefined) generate(path, random);
  const problem = secretsProblem(path);
  if (problem) throw new Error(problem);
  return Object.freeze(parse(path) as Record<SecretName, Buffer>);
}

/** What is wrong with a secrets file, or null. */
export function secretsProblem(path: string): string | null {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found) return `${path} is missing: it must hold the secrets`;
  if ((found.mode & NOT_OWNER) !== 0) {
    return `${path} can be read or changed by others than its owner: make new secrets, or chmod 600 if nobody else has read it`;
  }
  const parsed = parse(path);
  return typeof parsed === 'string' ? `${path} ${parsed}` : null;
}

function parse(path: string): Record<SecretName, Buffer> | string {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return 'is not a JSON file this process can read';
  }
  const given = (typeof content === 'object' && content !== null ? content : {}) as Record<string, unknown>;
  const wrong = NAMES.filter((name) => {
    const hex = given[name];
    return typeof hex !== 'string' || hex.length !== 2 * SECRET_BYTES[name] || !/^[0-9a-f]+$/i.test(hex);
  });
  if (wrong.length > 0) {
    return `must hold ${wrong.map((name) => `${name} (${SECRET_BYTES[name]} bytes as hex)`).join(', ')}`;
  }
  return Object.fromEntries(NAMES.map((name) => [name, Buffer.from(given[name] as string, 'hex')])) as Record<
    SecretName,
    Buffer
  >;
}

/** Writes beside and links into place: whoever links second takes what the first one made. */
function generate(path: string, random: (bytes: number) => Buffer): void {
  const secrets = Object.fromEntries(NAMES.map((name) => [name, random(SECRET_BYTES[name]).toString('hex')]));
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const beside = `${path}.${random(8).toString('hex')}`;
  writeFileSync(beside, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600, flag: 'wx', flush: true });
  try {
    linkSync(beside, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(beside);
  }
}
