// What strangers can send, and staff reads in a terminal.
import { randomBytes, randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { fileComplaint } from '../../src/rights/complaints-store.ts';
import { openTestDesk, REASON } from '../rights/desk.ts';
import { COMMAND_NOW_MS, runCommand } from '../support/command.ts';

/** Sets a title, fills the clipboard, hides what follows, and overwrites a line; in 7 and in 8 bits; and turns text around. */
const ORDERS = '\u001b]0;root\u0007\u001b]52;c;cm0gLXJm\u001b\\\u001b[8m\u009b2J\u0085\r\u0008\u007f\u202e\u2066\ud800';

test('a complaint reaches the terminal of staff as text, never as an order to it', async () => {
  const { pool, masters, store, found, hire, keys, dataDir } = await openTestDesk();
  await found();
  await hire('pia', 'privacy');
  const deps = { pool, masters, random: randomBytes, newId: randomUUID };
  const said = { text: `Zoë’s place:\n\t${ORDERS}🦉`, replyTo: ORDERS, jurisdiction: 'NL' };
  const { complaint } = await fileComplaint(deps, said, COMMAND_NOW_MS);
  for (const form of [[], ['--json']]) {
    const env = { DATA_DIR: dataDir, STAFF_KEY: keys.pia };
    const args = ['complaints', 'show', complaint.id, ...REASON, ...form];
    const { exitCode, output } = await runCommand(args, store, env, COMMAND_NOW_MS);
    expect(exitCode).toBe(0);
    expect(output).toContain('Zoë’s place:');
    expect(output).toContain('🦉');
    expect(output).toContain('\\u001b');
    expect(output.replaceAll('\n', '').replaceAll('\t', '')).not.toMatch(/[\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069]/u);
    if (form.length > 0) expect(JSON.parse(output)).toMatchObject(said);
  }
});
