// Settings that name files, with files that are not there, are folders, or hold nothing of use.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { ConfigError, loadConfig } from '../../src/config/env.ts';
import { namedFileProblems } from '../../src/process/named-files.ts';

const folder = mkdtempSync(join(tmpdir(), 'honeyguide-named-files-'));
afterAll(() => rmSync(folder, { recursive: true }));
const gone = join(folder, 'gone');

describe('files that settings name', () => {
  test('are missed all at once, together with whatever else is wrong', () => {
    try {
      loadConfig({ GEOIP_DB: gone, ANONYMITY_MAP: gone, SECRETS_FILE: gone, PORT: 'no' }, namedFileProblems);
      expect.unreachable();
    } catch (error) {
      const { problems } = error as ConfigError;
      expect(error).toBeInstanceOf(ConfigError);
      expect(problems.map((problem) => problem.split(' ')[0]).sort()).toEqual([
        'ANONYMITY_MAP',
        'GEOIP_DB',
        'PORT',
        'SECRETS_FILE',
      ]);
      expect(problems.filter((problem) => problem.includes(`${gone} is missing`))).toHaveLength(3);
    }
  });

  test('must be files, and the one with the secrets must hold them', () => {
    const secrets = join(folder, 'secrets.json');
    writeFileSync(secrets, '{}', { mode: 0o600 });
    const config = loadConfig({ GEOIP_DB: folder, ANONYMITY_MAP: folder, SECRETS_FILE: secrets });
    expect(namedFileProblems(config)).toEqual([
      expect.stringMatching(/^GEOIP_DB .* is a folder/),
      expect.stringMatching(/^ANONYMITY_MAP .* is a folder/),
      expect.stringMatching(/^SECRETS_FILE .* must hold indexSeed/),
    ]);
  });

  test('are asked for only where a setting names one', () => {
    expect(namedFileProblems(loadConfig({}))).toEqual([]);
    expect(namedFileProblems(loadConfig({ ANONYMITY_MAP: 'strict' }))).toEqual([]);
  });
});
