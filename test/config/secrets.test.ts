import { randomBytes } from 'node:crypto';
import fs, {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { loadSecrets, secretsPath } from '../../src/config/secrets.ts';

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'honeyguide-secrets-'));
});
afterEach(() => rmSync(dataDir, { recursive: true }));

describe('secrets', () => {
  test('are made at random on the first start, for the owner only, and stay the same', () => {
    const first = loadSecrets({ dataDir }, randomBytes);
    expect(statSync(secretsPath({ dataDir })).mode & 0o777).toBe(0o600);
    expect(loadSecrets({ dataDir }, randomBytes)).toEqual(first);
    expect([first.indexSeed.length, first.pseudonymKey.length, first.coarseKey.length]).toEqual([16, 32, 32]);
    const other = join(dataDir, 'other');
    expect(loadSecrets({ dataDir: other }, randomBytes).pseudonymKey).not.toEqual(first.pseudonymKey);
    expect(readdirSync(other)).toEqual(['secrets.json']);
  });

  test('are on disk with their name before anything can be encrypted with them', () => {
    const [opened, forced] = [vi.spyOn(fs, 'openSync'), vi.spyOn(fs, 'fsyncSync')];
    syncBuiltinESMExports();
    try {
      loadSecrets({ dataDir }, randomBytes);
      const folder = opened.mock.calls.findIndex(([path]) => path === dataDir);
      expect(forced.mock.calls).toContainEqual([opened.mock.results[folder].value]);
    } finally {
      vi.restoreAllMocks();
      syncBuiltinESMExports();
    }
  });

  test('of whoever started first win when two start at once', () => {
    let rival: ReturnType<typeof loadSecrets> | undefined;
    const mine = loadSecrets({ dataDir }, (bytes) => {
      rival ??= loadSecrets({ dataDir }, randomBytes);
      return randomBytes(bytes);
    });
    expect(mine).toEqual(rival);
    expect(readdirSync(dataDir)).toEqual(['secrets.json']);
  });

  test.each([0o640, 0o604, 0o620, 0o644])('that others can read or change (%o) are refused', (mode) => {
    loadSecrets({ dataDir }, randomBytes);
    chmodSync(secretsPath({ dataDir }), mode);
    expect(() => loadSecrets({ dataDir }, randomBytes)).toThrow(/others than its owner/);
  });

  test('are never made in place of a file that was named and is missing', () => {
    const secretsFile = join(dataDir, 'mounted.json');
    expect(() => loadSecrets({ dataDir, secretsFile }, randomBytes)).toThrow(/missing.*without SECRETS_FILE/);
    expect(existsSync(secretsFile)).toBe(false);
    mkdirSync(secretsFile);
    expect(() => loadSecrets({ dataDir, secretsFile }, randomBytes)).toThrow(/is a folder/);
  });

  test('that are damaged are refused by name, without showing them', () => {
    loadSecrets({ dataDir }, randomBytes);
    const path = secretsPath({ dataDir });
    const secrets = JSON.parse(readFileSync(path, 'utf8'));
    for (const wrong of ['', '{', 'null', '[]', JSON.stringify({ ...secrets, coarseKey: `${secrets.coarseKey}00` })]) {
      writeFileSync(path, wrong);
      expect(() => loadSecrets({ dataDir }, randomBytes), wrong).toThrow(/must hold .*coarseKey|not a JSON file/);
      expect(() => loadSecrets({ dataDir }, randomBytes)).not.toThrow(new RegExp(secrets.pseudonymKey));
    }
  });

  test('that a newer version needs are added to a generated file, the others stay, for all who start at once', () => {
    const before = loadSecrets({ dataDir }, randomBytes);
    const path = secretsPath({ dataDir });
    const { stationKey, ...older } = JSON.parse(readFileSync(path, 'utf8'));
    writeFileSync(path, JSON.stringify(older), { mode: 0o600 });
    let calls = 0;
    const after = loadSecrets({ dataDir }, (bytes) => {
      calls++;
      return randomBytes(bytes);
    });
    expect(calls).toBe(2);
    expect({ ...after, stationKey: null }).toEqual({ ...before, stationKey: null });
    expect(after.stationKey).toHaveLength(32);
    expect(after.stationKey.toString('hex')).not.toBe(stationKey);
    expect(loadSecrets({ dataDir }, randomBytes)).toEqual(after);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(dataDir).sort()).toEqual(['secrets.json', 'secrets.json.lock']);
  });

  test('that a newer version needs are never added to a file that was named, and the error names them', () => {
    loadSecrets({ dataDir }, randomBytes);
    const secretsFile = secretsPath({ dataDir });
    const { stationKey, ...older } = JSON.parse(readFileSync(secretsFile, 'utf8'));
    writeFileSync(secretsFile, JSON.stringify(older), { mode: 0o600 });
    const load = () => loadSecrets({ dataDir, secretsFile }, randomBytes);
    expect(load).toThrow('must hold stationKey (32 bytes as hex)');
    expect(load).not.toThrow(stationKey);
    expect(JSON.parse(readFileSync(secretsFile, 'utf8'))).toEqual(older);
  });

  test('are not completed in a file that others can read', () => {
    loadSecrets({ dataDir }, randomBytes);
    const path = secretsPath({ dataDir });
    const { stationKey: _, ...older } = JSON.parse(readFileSync(path, 'utf8'));
    writeFileSync(path, JSON.stringify(older));
    chmodSync(path, 0o644);
    expect(() => loadSecrets({ dataDir }, randomBytes)).toThrow(/others than its owner/);
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(older);
  });
});
