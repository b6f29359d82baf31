import { expect, test } from 'vitest';
import { openTestDesk } from '../rights/desk.ts';
import { runCommand } from '../support/command.ts';

test('a ledger whose head was deleted does not hold, and that is said plainly, by number 0 and in words', async () => {
  const { store, pool, dataDir, run, device } = await openTestDesk();
  await device();
  expect((await run(null, 'audit', 'verify')).json).toMatchObject({ holds: true });
  await pool.query('delete from ledger_head');
  expect(await run(null, 'audit', 'verify')).toMatchObject({
    ...{ exitCode: 1, json: { holds: false, broken: { at: 0, what: 'headGone' } } },
  });
  const { exitCode, output } = await runCommand(['audit', 'verify'], store, { DATA_DIR: dataDir });
  expect([exitCode, output]).toEqual([
    1,
    'The ledger does not hold: the last row is to be found nowhere: what says where the ledger ends (ledger_head) was removed, and nothing is written to it.\n',
  ]);
  expect((await run(null, 'staff', 'add', 'root', '--roles', 'admin')).json.error).toContain('audit verify');
});
