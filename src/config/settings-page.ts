// The settings as a page for whoever runs the gateway, made from the table that env.ts reads them by; written to docs/settings.md by
// `npm run gen` and compared in CI, so that it can't fall behind the code. Promises: pure; the same on every machine.
import { SETTINGS } from './settings.ts';

type Described = { readonly description: string; readonly schema: Readonly<Record<string, unknown>> };

/** The whole page. */
export function settingsPage(): string {
  const rows = Object.entries(SETTINGS as Readonly<Record<string, Described>>).map(
    ([name, { description, schema }]) =>
      `| \`${name}\` | ${defaultOf(schema)} | ${inCell(description)}${boundsOf(schema)} |\n`,
  );
  return `# Settings
Made by \`npm run gen\` from \`src/config/settings.ts\`; do not edit. They are environment variables; one that is empty is not set. The same for
machines: [\`schema/config.json\`](../schema/config.json). \`honeyguide doctor\` says which of yours are weak.

| name | default | what it is |
|---|---|---|
${rows.join('')}`;
}

function defaultOf(schema: Described['schema']): string {
  return schema.default === undefined || schema.default === '' ? '' : `\`${schema.default}\``;
}

function boundsOf({ minimum, maximum, enum: words }: Described['schema']): string {
  if (Array.isArray(words)) return ` One of ${words.map((word) => `\`${word}\``).join(', ')}.`;
  return minimum === undefined ? '' : ` From ${minimum} to ${maximum}.`;
}

/** A bar would begin another cell. */
function inCell(text: string): string {
  return text.replaceAll('|', '\\|');
}
