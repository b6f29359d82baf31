import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { configSchema } from '../../src/config/env.ts';
import { settingsPage } from '../../src/config/settings-page.ts';
import { ROOT } from '../support/root.ts';

test('every setting has a row of its own, with its default, and the page is the committed one', () => {
  const page = settingsPage();
  const { properties } = configSchema() as { properties: Record<string, { default?: unknown }> };
  for (const [name, { default: preset }] of Object.entries(properties))
    expect(page).toContain(`\n| \`${name}\` | ${preset === undefined || preset === '' ? '' : `\`${preset}\``} | `);
  expect(readFileSync(join(ROOT, 'docs/settings.md'), 'utf8')).toBe(page);
});
