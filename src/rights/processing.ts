// The record of processing activities (GDPR 30) as text, made from the registry: what is kept, of which class, how long, by which
// room; written to docs/record-of-processing.md by `npm run gen` and compared in CI, so that it can't fall behind the code.
// Promises: pure; a column that is not classified can't be in it, because the registry's test fails first.
import { type ColumnClass, classOf, describeLife, REGISTRY, type TableEntry } from './registry.ts';

const ORDER: readonly ColumnClass[] = ['sealed', 'secret', 'personal', 'pseudonymous', 'anonymous'];

/** The whole page. */
export function recordOfProcessing(): string {
  const rows = Object.entries(REGISTRY);
  const about = rows.filter(([, entry]) => entry.subject !== undefined);
  const others = rows.filter(([, entry]) => entry.subject === undefined);
  return `# Record of processing (GDPR 30)
Made by \`npm run gen\` from \`src/rights/registry.ts\`; do not edit. Who is responsible and how to reach them is the operator's to say
(\`PRIVACY_CONTACT\`, \`GET /v1/privacy/contact\`); recipients are the rows of \`partners\`; purposes are those of \`src/consent/purposes.ts\`.
*sealed* = personal, encrypted under the key of its device; *secret* = keys and hashes of credentials, shown to nobody.

## About a device and its user
${table(about)}
## Everything else
${table(others)}`;
}

function table(rows: readonly (readonly [string, TableEntry])[]): string {
  const lines = rows.map(([name, entry]) => {
    const kept = entry.survivesErasure === undefined ? '' : ` Stays after an erasure: ${entry.survivesErasure}.`;
    return `| \`${name}\` | ${entry.what} | ${classOf(entry)} | ${columns(entry)} | ${describeLife(entry)}.${kept} | ${entry.room} |\n`;
  });
  return `| table | what | class | columns | how long | room |\n|---|---|---|---|---|---|\n${lines.join('')}`;
}

function columns(entry: TableEntry): string {
  return ORDER.flatMap((kind) => {
    const names = Object.entries(entry.columns)
      .filter(([, of]) => of === kind)
      .map(([name]) => name);
    return names.length === 0 ? [] : [`*${kind}*: ${names.join(', ')}`];
  }).join('; ');
}
