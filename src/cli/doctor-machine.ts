// The doctor's look at this process's surroundings: addresses, secrets, files, threads. Reads, never writes.

import { accessSync, constants, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { Config } from '../config/env.ts';
import { isIncomplete, secretsPath, secretsProblem } from '../config/secrets.ts';
import { isLoopbackHost } from '../config/settings.ts';
import { openIpReader } from '../positioning/ip.ts';
import { loadIpDatabase } from '../positioning/ip-database.ts';
import { loadAnonymityMap } from '../process/anonymity-map.ts';
import { snapshotPath } from '../process/map-index.ts';
import { DAY_MS, HOUR_MS } from '../time/spans.ts';
import type { Finding } from './finding.ts';

/** A cryptoperiod of two years for keys that protect stored data (NIST SP 800-57 part 1, 5.3.6). */
const OLD_SECRETS_DAYS = 730;
/** Ways to name this machine in TRUST_PROXY. */
const LOCAL_PROXIES = /^(loopback|127\.|::1)/;

export async function checkMachine(config: Config, nowMs: number): Promise<Finding[]> {
  return [
    ...addresses(config),
    dataFolder(config.dataDir),
    secrets(config, nowMs),
    await ipDatabase(config.geoipDb),
    anonymityMap(config.anonymityMap),
    snapshot(config.dataDir, nowMs),
    threads(config.threads),
  ];
}

function addresses({ host, opsHost, trustProxy, addressPerMinute }: Config): Finding[] {
  const findings: Finding[] = [];
  if (isLoopbackHost(host)) findings.push({ what: 'address', state: 'ok', says: 'loopback, for a proxy in front' });
  else {
    const onlyLocal = trustProxy.every((name) => LOCAL_PROXIES.test(name));
    const says = onlyLocal
      ? 'HOST is open to other machines while the only trusted proxy is on this one: listen on 127.0.0.1'
      : 'HOST is open to other machines: let only the trusted proxies reach it, and end TLS there';
    findings.push({ what: 'address', state: 'weak', says });
  }
  if (trustProxy.length === 0) {
    const says = 'TRUST_PROXY is empty: behind a proxy every phone would seem to come from its address';
    findings.push({ what: 'proxy', state: 'weak', says });
  } else findings.push({ what: 'proxy', state: 'ok', says: `${trustProxy.length} trusted` });
  const limit = addressPerMinute > 0 ? `${addressPerMinute} requests a minute` : 'none (ADDRESS_PER_MINUTE=0)';
  findings.push({ what: 'address limit', state: addressPerMinute > 0 ? 'ok' : 'weak', says: limit });
  if (!isLoopbackHost(opsHost)) {
    const says = 'OPS_HOST is not loopback: /metrics has no password, so only operators may reach that address';
    findings.push({ what: 'metrics', state: 'weak', says });
  }
  return findings;
}

function dataFolder(dataDir: string): Finding {
  const what = 'data folder';
  const found = statSync(dataDir, { throwIfNoEntry: false });
  if (!found) return { what, state: 'ok', says: 'not there yet, made on the first start' };
  try {
    accessSync(dataDir, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch {
    return { what, state: 'wrong', says: 'DATA_DIR cannot be written by this user' };
  }
  if ((found.mode & 0o022) !== 0) return { what, state: 'weak', says: 'others may write into DATA_DIR: chmod go-w it' };
  return { what, state: 'ok', says: 'writable' };
}

function secrets(config: Config, nowMs: number): Finding {
  const what = 'secrets';
  const path = secretsPath(config);
  if (!config.secretsFile && !statSync(path, { throwIfNoEntry: false })) {
    return { what, state: 'ok', says: 'none yet, generated on the first start' };
  }
  if (!config.secretsFile && isIncomplete(path)) {
    return { what, state: 'ok', says: 'made by an older version: the next start adds what is new' };
  }
  const problem = secretsProblem(path);
  if (problem) return { what, state: 'wrong', says: problem };
  if (config.databaseUrl && !config.secretsFile) {
    const says =
      'generated for this machine; replicas on one database need one SECRETS_FILE, or they disagree on pseudonyms';
    return { what, state: 'weak', says };
  }
  const days = Math.floor((nowMs - statSync(path).mtimeMs) / DAY_MS);
  if (days > OLD_SECRETS_DAYS)
    return { what, state: 'weak', says: `unchanged for ${days} days: rotate those that can be` };
  if (!config.secretsFile) {
    const says =
      'lie in DATA_DIR beside what they encrypt: a copy of that folder holds both; name a SECRETS_FILE elsewhere';
    return { what, state: 'weak', says };
  }
  return { what, state: 'ok', says: 'there, readable by their owner only' };
}

async function ipDatabase(path: string | undefined): Promise<Finding> {
  const what = 'ip database';
  try {
    openIpReader(await loadIpDatabase(path));
  } catch (error) {
    return { what, state: 'wrong', says: error instanceof Error ? error.message : 'cannot be read' };
  }
  return { what, state: 'ok', says: path === undefined ? 'DB-IP City Lite, as it came along' : 'read from GEOIP_DB' };
}

function anonymityMap(chosen: string | undefined): Finding {
  const what = 'anonymity map';
  try {
    const { version, k } = loadAnonymityMap(chosen);
    return { what, state: 'ok', says: `version ${version}: at least ${k} residents a region` };
  } catch (error) {
    return { what, state: 'wrong', says: (error as Error).message };
  }
}

function snapshot(dataDir: string, nowMs: number): Finding {
  const what = 'index snapshot';
  const found = statSync(snapshotPath(dataDir), { throwIfNoEntry: false });
  if (!found) return { what, state: 'ok', says: 'none yet: the next start reads the whole store' };
  return { what, state: 'ok', says: `${Math.round((nowMs - found.mtimeMs) / HOUR_MS)} hours old` };
}

function threads(wanted: number): Finding {
  const what = 'threads';
  const cores = availableParallelism();
  if (wanted > cores) return { what, state: 'weak', says: `${wanted} on ${cores} cores: they take turns` };
  return { what, state: 'ok', says: `${wanted} on ${cores} cores` };
}
