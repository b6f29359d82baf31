import { globSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { afterFile, endFile } from './support/after-file.ts';

const said: string[] = [];

describe('what a test file leaves to be ended', () => {
  test('is ended after it, last first, each once, also where one before it failed', async () => {
    afterFile(() => void said.push('first'));
    afterFile(() => Promise.reject(new Error('could not be ended')));
    afterFile(async () => void said.push('last'));
    await expect(endFile()).rejects.toThrow('could not be ended');
    expect(said).toEqual(['last', 'first']);
    await endFile();
    expect(said).toHaveLength(2);
  });

  test('is never left to a hook of a module that files share, which the first of them alone would hear', () => {
    const hook = /\b(before|after)(All|Each)\(/;
    const shared = globSync('test/**/*.ts').filter((path) => !path.endsWith('.test.ts'));
    expect(shared.filter((path) => hook.test(readFileSync(path, 'utf8')))).toEqual(['test/support/after-each-file.ts']);
  });
});
