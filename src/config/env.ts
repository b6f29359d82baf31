// The configuration of a process, read once from environment variables: the only reader of process.env.
// Promises: every problem is reported at once, no value is repeated in a message, the result is frozen. Relative paths
// count from the working directory.

import { resolve } from 'node:path';
import { isLoopbackHost, type LogLevel, SETTINGS, WrongValue } from './settings.ts';

export type Config = {
  readonly host: string;
  readonly port: number;
  readonly opsHost: string;
  readonly opsPort: number;
  /** Absolute. */
  readonly dataDir: string;
  /** Absent = the embedded store. */
  readonly databaseUrl?: string;
  readonly valkeyUrl?: string;
  readonly threads: number;
  /** Absolute. Absent = the database that comes along. */
  readonly geoipDb?: string;
  /** `strict` or an absolute path. Absent = the map that comes along. */
  readonly anonymityMap?: string;
  /** Privacy budget that published counts may spend in any 30 days. */
  readonly countsEpsilonCap: number;
  readonly trustProxy: readonly string[];
  /** Absolute. Absent = `secrets.json` in dataDir, generated when missing. */
  readonly secretsFile?: string;
  readonly logLevel: LogLevel;
  /** How people reach the operator about privacy. */
  readonly privacyContact: string;
  /** The personal key of whoever runs a command for staff. */
  readonly staffKey?: string;
  /** Days without being heard after which a learnt station is forgotten. */
  readonly forgetAfterDays: number;
  /** Requests a minute of one address; 0 = no limit. */
  readonly addressPerMinute: number;
  /** What may be asked in a day about stations that don't stand together; 0 = no limit. */
  readonly strays: { readonly device: number; readonly address: number; readonly partnerKey: number };
};

/** Names every variable that is wrong, and what it should be. */
export class ConfigError extends Error {
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(`the configuration is wrong:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

/**
 * Reads the configuration; throws ConfigError with all problems, what `look` finds in the whole of it among them. Unset and empty
 * variables take their defaults.
 */
export function loadConfig(
  env: Readonly<Record<string, string | undefined>> = process.env,
  look: (config: Config) => readonly string[] = () => [],
): Config {
  const problems: string[] = [];
  function read<K extends keyof typeof SETTINGS>(name: K): ReturnType<(typeof SETTINGS)[K]['read']> {
    type Value = ReturnType<(typeof SETTINGS)[K]['read']>;
    try {
      return SETTINGS[name].read(env[name]?.trim() || undefined) as Value;
    } catch (error) {
      if (!(error instanceof WrongValue)) throw error;
      problems.push(`${name} ${error.message}`);
      return undefined as Value;
    }
  }
  const config: Config = {
    host: read('HOST'),
    port: read('PORT'),
    opsHost: read('OPS_HOST'),
    opsPort: read('OPS_PORT'),
    dataDir: resolve(read('DATA_DIR')),
    databaseUrl: read('DATABASE_URL'),
    valkeyUrl: read('VALKEY_URL'),
    threads: read('THREADS'),
    geoipDb: absolute(read('GEOIP_DB')),
    anonymityMap: read('ANONYMITY_MAP') === 'strict' ? 'strict' : absolute(read('ANONYMITY_MAP')),
    countsEpsilonCap: read('COUNTS_EPSILON_CAP'),
    trustProxy: Object.freeze(read('TRUST_PROXY') ?? []),
    secretsFile: absolute(read('SECRETS_FILE')),
    logLevel: read('LOG_LEVEL'),
    privacyContact: read('PRIVACY_CONTACT'),
    staffKey: read('STAFF_KEY'),
    forgetAfterDays: read('FORGET_AFTER_DAYS'),
    addressPerMinute: read('ADDRESS_PER_MINUTE'),
    strays: {
      device: read('STRAYS_PER_DEVICE'),
      address: read('STRAYS_PER_ADDRESS'),
      partnerKey: read('STRAYS_PER_PARTNER_KEY'),
    },
  };
  if (config.port > 0 && config.port === config.opsPort && config.host === config.opsHost) {
    problems.push('OPS_PORT must differ from PORT: /metrics is not for the public');
  }
  if (config.trustProxy.length === 0) {
    for (const [name, host] of [
      ['HOST', config.host],
      ['OPS_HOST', config.opsHost],
    ]) {
      if (!isLoopbackHost(host)) problems.push(`${name} ${NOT_ENCRYPTED}`);
    }
  }
  problems.push(...look(config));
  if (problems.length > 0) throw new ConfigError(problems);
  return Object.freeze(config);
}

/** Keys and places would cross a network in plain. */
const NOT_ENCRYPTED =
  'is not loopback, and what is sent there is not encrypted: listen on 127.0.0.1 behind a proxy that ends TLS, or name the proxy (address or network) in TRUST_PROXY';

const absolute = (path: string | undefined): string | undefined => (path === undefined ? undefined : resolve(path));

/** JSON Schema of the environment, for `schema/config.json`. */
export function configSchema(): Record<string, unknown> {
  const properties = Object.fromEntries(
    Object.entries(SETTINGS).map(([name, { description, schema }]) => [name, { description, ...schema }]),
  );
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Environment variables of Honeyguide',
    type: 'object',
    properties,
  };
}
