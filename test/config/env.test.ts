import { describe, expect, test } from 'vitest';
import { ConfigError, configSchema, loadConfig } from '../../src/config/env.ts';

function problemsOf(env: Record<string, string>): readonly string[] {
  try {
    loadConfig(env);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems;
  }
}

describe('the configuration', () => {
  test('of an empty environment is the documented one, on loopback, with paths made absolute', () => {
    const config = loadConfig({});
    expect(config).toMatchObject({
      host: '127.0.0.1',
      port: 8080,
      opsHost: '127.0.0.1',
      opsPort: 9090,
      logLevel: 'info',
    });
    expect(config.dataDir).toBe(`${process.cwd()}/data`);
    expect(config.threads).toBeGreaterThanOrEqual(1);
    expect([config.databaseUrl, config.valkeyUrl, config.geoipDb, config.secretsFile]).toEqual(
      Array(4).fill(undefined),
    );
    expect(config.trustProxy).toEqual([]);
  });

  test('limits addresses generously unless told otherwise, and 0 means not at all', () => {
    expect(loadConfig({}).addressPerMinute).toBe(60_000);
    expect(loadConfig({ ADDRESS_PER_MINUTE: '0' }).addressPerMinute).toBe(0);
    expect(problemsOf({ ADDRESS_PER_MINUTE: '-1' })).toHaveLength(1);
  });

  test('limits what may be asked about access points that stand apart, by phone, address and partner', () => {
    expect(loadConfig({}).strays).toEqual({ device: 100, address: 5_000, partnerKey: 1_000 });
    expect(loadConfig({ STRAYS_PER_DEVICE: '0', STRAYS_PER_ADDRESS: '9' }).strays).toMatchObject({
      device: 0,
      address: 9,
    });
    expect(problemsOf({ STRAYS_PER_PARTNER_KEY: '1000001' })).toHaveLength(1);
  });

  test('takes an empty or blank variable for one that is not set', () => {
    expect(loadConfig({ PORT: '', DATABASE_URL: '  ', LOG_LEVEL: ' ' })).toMatchObject({
      port: 8080,
      logLevel: 'info',
    });
  });

  test('reports every wrong variable at once', () => {
    const names = ['PORT', 'OPS_PORT', 'THREADS', 'DATABASE_URL', 'VALKEY_URL', 'TRUST_PROXY', 'LOG_LEVEL'];
    const problems = problemsOf(Object.fromEntries(names.map((name) => [name, 'nonsense'])));
    expect(problems.map((problem) => problem.split(' ')[0])).toEqual(expect.arrayContaining(names));
    expect(problems).toHaveLength(names.length);
  });

  test('never repeats a value, which may hold a password', () => {
    const wrong = {
      DATABASE_URL: 'mysql://root:hunter2@db/x',
      VALKEY_URL: 'hunter2',
      PORT: 'hunter2',
      TRUST_PROXY: 'hunter2',
    };
    const problems = problemsOf(wrong);
    expect(problems).toHaveLength(4);
    expect(new ConfigError(problems).message).not.toContain('hunter2');
  });

  test.each(['-1', '65536', '80.5', '1e3', '0x50', ' 8 0'])('refuses %s as a port', (port) => {
    expect(problemsOf({ PORT: port })).toHaveLength(1);
  });

  test('refuses one port for the public and for /metrics, unless both take any free one', () => {
    expect(problemsOf({ PORT: '80', OPS_PORT: '80' })).toEqual([expect.stringContaining('OPS_PORT')]);
    expect(problemsOf({ PORT: '0', OPS_PORT: '0' })).toEqual([]);
  });

  test('listens beyond this machine only behind a named proxy, and says what to do', () => {
    for (const host of ['0.0.0.0', '::', '192.0.2.1', 'gateway.example', '128.0.0.1']) {
      expect(problemsOf({ HOST: host }), host).toEqual([expect.stringMatching(/^HOST .*TRUST_PROXY/)]);
      expect(problemsOf({ OPS_HOST: host }), host).toEqual([expect.stringMatching(/^OPS_HOST .*TRUST_PROXY/)]);
      expect(problemsOf({ HOST: host, OPS_HOST: host, TRUST_PROXY: '10.0.0.0/8' }), host).toEqual([]);
    }
    for (const host of ['127.0.0.1', '127.9.9.9', '::1', 'localhost']) expect(problemsOf({ HOST: host })).toEqual([]);
  });

  test('believes proxies by address, network or name, and never everybody', () => {
    const given = { TRUST_PROXY: 'loopback, 10.0.0.0/8,2001:db8::/32 ,192.0.2.1' };
    expect(loadConfig(given).trustProxy).toEqual(['loopback', '10.0.0.0/8', '2001:db8::/32', '192.0.2.1']);
    for (const everybody of ['0.0.0.0/0', '::/0', 'true', '*', '10.0.0.0/33', '10.0.0.0/8/8', '1']) {
      expect(problemsOf({ TRUST_PROXY: everybody }), everybody).toHaveLength(1);
    }
  });

  test('cannot be changed by who receives it', () => {
    const config = loadConfig({ TRUST_PROXY: 'loopback' });
    expect(() => Object.assign(config, { port: 1 })).toThrow(TypeError);
    expect(() => (config.trustProxy as string[]).push('0.0.0.0/0')).toThrow(TypeError);
  });

  test('is described in full by its schema, which is the same on every machine', () => {
    const { properties } = configSchema() as { properties: Record<string, { description: string; default?: unknown }> };
    expect(Object.keys(properties).sort()).toEqual(
      // DESIGN 5, "Env", FORGET_AFTER_DAYS, limits and what came with privacy.
      'ADDRESS_PER_MINUTE ANONYMITY_MAP COUNTS_EPSILON_CAP DATABASE_URL DATA_DIR FORGET_AFTER_DAYS GEOIP_DB HOST LOG_LEVEL OPS_HOST OPS_PORT PORT PRIVACY_CONTACT SECRETS_FILE STAFF_KEY STRAYS_PER_ADDRESS STRAYS_PER_DEVICE STRAYS_PER_PARTNER_KEY THREADS TRUST_PROXY VALKEY_URL'.split(
        ' ',
      ),
    );
    expect(Object.values(properties).every((property) => property.description.length > 0)).toBe(true);
    expect(properties.THREADS.default).toBeUndefined();
  });
});
