// Every setting there is: its environment variable, what it means, and how its text is read. One table serves the reader
// (env.ts) and the generated `schema/config.json`. Promises: a reader never echoes a value, since some hold passwords.

import { isIP } from 'node:net';
import { availableParallelism } from 'node:os';

/** Thrown by a reader: what a right value looks like, to be put after the variable's name. */
export class WrongValue extends Error {}

type Setting<T> = {
  /** What is said in `schema/config.json`. */
  description: string;
  schema: Readonly<Record<string, unknown>>;
  /** Turns a text into a value, `undefined` (not set, or empty) into the default. */
  read(text: string | undefined): T;
};

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** More threads than any machine we know has; a slip of the finger otherwise. */
const MAX_THREADS = 256;
/** A hundred years: never. */
const MAX_FORGET_DAYS = 36_500;
/** 5,000 phones behind one carrier NAT, each failing and trying again every 5 s as Gecko does (12 a minute): 1,000 a second. */
const ADDRESS_PER_MINUTE = 60_000;
/** Below the widest count that http/quotas.ts can hold for a minute. */
const MAX_ADDRESS_PER_MINUTE = 1_000_000;
/** As wide as their counters. */
const MAX_STRAYS = 1_000_000;
/** All that counts can spend in 30 days: 120 windows of 0.25. */
const EPSILON_CAP = 30;
/** Names that @fastify/proxy-addr knows for private ranges. */
const PROXY_NAMES = ['loopback', 'linklocal', 'uniquelocal'];

export const SETTINGS = {
  HOST: text('Address to listen on; another than loopback needs a TRUST_PROXY that ends TLS.', '127.0.0.1'),
  PORT: port('Port to listen on; 0 takes any free one.', 8080),
  OPS_HOST: text('Address of /metrics, which is for operators only; as HOST.', '127.0.0.1'),
  OPS_PORT: port('Port of /metrics; 0 takes any free one.', 9090),
  DATA_DIR: text('Folder for the embedded store, the index snapshot and generated secrets.', './data'),
  DATABASE_URL: url('PostgreSQL 14 or newer. Without it an embedded store in DATA_DIR is used.', [
    'postgres',
    'postgresql',
  ]),
  VALKEY_URL: url('Valkey or Redis, for limits that hold across replicas.', ['valkey', 'valkeys', 'redis', 'rediss']),
  THREADS: {
    description: 'Server threads. By default one less than there are cores, at least one.',
    schema: { type: 'integer', minimum: 1, maximum: MAX_THREADS },
    read: (given) => (given === undefined ? Math.max(1, availableParallelism() - 1) : whole(given, 1, MAX_THREADS)),
  } satisfies Setting<number>,
  GEOIP_DB: optionalText('IP database (MMDB) to use in place of the DB-IP one that comes along.'),
  ANONYMITY_MAP: optionalText(
    'Regions that partners are told: `strict` for the map with at least 5,000 residents a region that comes along, or a file made with `honeyguide anonymity-map build`. By default the one with at least 1,000.',
  ),
  COUNTS_EPSILON_CAP: {
    description:
      'Privacy budget (epsilon) that published counts may spend in any 30 days; a window costs 0.25. 0 = publish none.',
    schema: { type: 'integer', minimum: 0, maximum: EPSILON_CAP, default: EPSILON_CAP },
    read: (given) => (given === undefined ? EPSILON_CAP : whole(given, 0, EPSILON_CAP)),
  } satisfies Setting<number>,
  TRUST_PROXY: {
    description: `Proxies whose X-Forwarded-For and X-Forwarded-Proto are believed: addresses, networks (CIDR) or ${PROXY_NAMES.join(', ')}, separated by commas.`,
    schema: { type: 'string', default: '' },
    read: (given) => (given ?? '').split(',').flatMap(proxy),
  } satisfies Setting<string[]>,
  SECRETS_FILE: optionalText(
    'File with the secrets, readable by its owner only. By default one is generated in DATA_DIR on the first start.',
  ),
  PRIVACY_CONTACT: text(
    'How people reach you about privacy: an e-mail address, a page, a postal address.',
    'complaints by POST /v1/privacy/complaints; this installation names no other contact',
  ),
  STAFF_KEY: optionalText('The personal key of whoever runs a command for staff (honeyguide staff add).'),
  LOG_LEVEL: {
    description: 'Least severe log lines to write.',
    schema: { type: 'string', enum: LOG_LEVELS, default: 'info' },
    read: (given) => {
      const level = LOG_LEVELS.find((known) => known === (given ?? 'info').toLowerCase());
      if (!level) throw new WrongValue(`must be one of ${LOG_LEVELS.join(', ')}`);
      return level;
    },
  } satisfies Setting<LogLevel>,
  FORGET_AFTER_DAYS: {
    description: 'Days without being heard after which a learnt station is forgotten.',
    schema: { type: 'integer', minimum: 2, maximum: MAX_FORGET_DAYS, default: 730 },
    read: (given) => (given === undefined ? 730 : whole(given, 2, MAX_FORGET_DAYS)),
  } satisfies Setting<number>,
  ADDRESS_PER_MINUTE: {
    description:
      'Requests a minute that one client address may send, whatever its keys; 0 = no limit. This machine itself has none.',
    schema: { type: 'integer', minimum: 0, maximum: MAX_ADDRESS_PER_MINUTE, default: ADDRESS_PER_MINUTE },
    read: (given) => (given === undefined ? ADDRESS_PER_MINUTE : whole(given, 0, MAX_ADDRESS_PER_MINUTE)),
  } satisfies Setting<number>,
  STRAYS_PER_DEVICE: strays('one phone that names itself by a token', 100),
  STRAYS_PER_ADDRESS: strays("one address that asks with phones' keys (all phones behind it)", 5_000),
  STRAYS_PER_PARTNER_KEY: strays("one partner's key, beside a fiftieth of its look-ups that day,", 1_000),
};

/** True for a name or address that only this machine reaches. */
export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

/** True if the way to a PostgreSQL does not leave this machine: loopback, or a socket. */
export function isOnThisMachine(url: string): boolean {
  const { hostname, searchParams } = new URL(url);
  const named = searchParams.get('host') ?? decodeURIComponent(hostname);
  const host = named.toLowerCase().replace(/^\[|\]$/g, '');
  return host === '' || host.startsWith('/') || isLoopbackHost(host);
}

function text(description: string, standard: string): Setting<string> {
  return { description, schema: { type: 'string', default: standard }, read: (given) => given ?? standard };
}

function optionalText(description: string): Setting<string | undefined> {
  return { description, schema: { type: 'string' }, read: (given) => given };
}

function port(description: string, standard: number): Setting<number> {
  const schema = { type: 'integer', minimum: 0, maximum: 65_535, default: standard };
  return { description, schema, read: (given) => (given === undefined ? standard : whole(given, 0, 65_535)) };
}

/** Known stations beside which the phone is not, which is how somebody's access point is looked for (http/stray-budget.ts). */
function strays(whose: string, standard: number): Setting<number> {
  return {
    description: `Look-ups a day in which ${whose} may list known access points that don't stand together, each such list once; then they and beacons say nothing to it until midnight UTC. 0 = no limit.`,
    schema: { type: 'integer', minimum: 0, maximum: MAX_STRAYS, default: standard },
    read: (given) => (given === undefined ? standard : whole(given, 0, MAX_STRAYS)),
  };
}

function url(description: string, schemes: readonly string[]): Setting<string | undefined> {
  const wrong = `must be a URL that begins with ${schemes.map((scheme) => `${scheme}://`).join(' or ')}`;
  const read = (given: string | undefined) => {
    if (given === undefined) return undefined;
    if (!URL.canParse(given) || !schemes.includes(new URL(given).protocol.slice(0, -1))) throw new WrongValue(wrong);
    return given;
  };
  return { description, schema: { type: 'string', format: 'uri' }, read };
}

function whole(given: string, min: number, max: number): number {
  const value = /^\d{1,9}$/.test(given) ? Number(given) : Number.NaN;
  if (!(value >= min && value <= max)) throw new WrongValue(`must be a whole number from ${min} to ${max}`);
  return value;
}

function proxy(given: string): string[] {
  const name = given.trim();
  if (name === '') return [];
  if (PROXY_NAMES.includes(name)) return [name];
  const [address, bits, ...more] = name.split('/');
  const family = isIP(address);
  if (family === 0 || more.length > 0) {
    throw new WrongValue(`must list IP addresses, networks such as 10.0.0.0/8, or ${PROXY_NAMES.join(', ')}`);
  }
  if (bits !== undefined && whole(bits, 0, family === 4 ? 32 : 128) === 0) {
    throw new WrongValue('must not trust everybody: a network of /0 lets any client claim any address');
  }
  return [name];
}
