import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { drizzle } from 'drizzle-orm/node-postgres';
import pg from 'pg';
import { expect, test } from 'vitest';
import { checkPostgres } from '../../src/cli/doctor-postgres.ts';
import { describeFailure } from '../../src/cli/failure.ts';
import { describeError } from '../../src/http/bug-log.ts';
import { openStore } from '../../src/storage/open.ts';
import { createPrivatePostgres, POSTGRES_MAJOR } from '../support/private-postgres.ts';
import { ON_POSTGRES, openTestStore, testFolder } from '../support/store.ts';

const MARKER = 'CANARY-7894b48a7021';

// Roles can be granted settings from PostgreSQL 15 on.
test.runIf(ON_POSTGRES && POSTGRES_MAJOR >= 15)(
  'a PostgreSQL that logs everything it can writes down no value of ours, where the role may say so',
  async () => {
    const server = await createPrivatePostgres([
      ...['logging_collector = on', "log_directory = 'log'", "log_filename = 'all'", 'log_min_duration_statement = 0'],
      ...["log_statement = 'all'", 'log_parameter_max_length = -1', 'log_parameter_max_length_on_error = -1'],
    ]);
    await server.start();
    const grants: [string, string, boolean][] = [
      ['superuser', 'superuser', true],
      ['granted', 'nosuperuser', true],
      ['settled', 'nosuperuser', true],
      ['plain', 'nosuperuser', false],
    ];
    for (const [role, kind, isQuiet] of grants) {
      const admin = new pg.Client({ connectionString: server.url });
      await admin.connect();
      await admin.query(`create role ${role} login password 'p' ${kind}`);
      await admin.query(`create database of_${role} owner ${role}`);
      if (role === 'granted')
        await admin.query(`grant set on parameter log_parameter_max_length, log_error_verbosity to granted`);
      // What docs/operations.md says, for every PostgreSQL: the administrator settles it for the role, which may not change it.
      if (role === 'settled')
        for (const [setting, value] of Object.entries({ log_parameter_max_length: 0, log_error_verbosity: 'terse' }))
          await admin.query(`alter role settled set ${setting} = ${value}`);
      await admin.end();
      const url = new URL(server.url);
      [url.username, url.password, url.pathname] = [role, 'p', `of_${role}`];
      const store = await openStore({ databaseUrl: url.href, dataDir: testFolder() });
      const insert = 'insert into import_progress (source, bytes_done, lines_done) values ($1, 1, 1)';
      await store.pool.query(insert, [`${MARKER}-${role}-good`]);
      // Its detail quotes the row: Key (source)=(...) already exists.
      await expect(store.pool.query(insert, [`${MARKER}-${role}-good`])).rejects.toThrow();
      await expect(store.pool.query('select $1::int', [`${MARKER}-${role}-bad`])).rejects.toThrow();
      const findings = (await checkPostgres(store.pool, url.href, 1)).map(({ what }) => what);
      expect([role, findings.filter((what) => /log|errors/.test(what))]).toEqual([
        role,
        isQuiet ? [] : ['store log', 'store errors'],
      ]);
      await store.close();
      const log = join(server.dataDir, 'log');
      const text = readdirSync(log)
        .map((name) => readFileSync(join(log, name), 'utf8'))
        .join('');
      expect(text).toContain('insert into import_progress');
      expect([role, text.includes(`${MARKER}-${role}-good`)]).toEqual([role, !isQuiet]);
      // Any role may say that parameters of statements that fail are not written down with the error.
      expect([role, new RegExp(`unnamed portal with parameters.*${MARKER}-${role}`).test(text)]).toEqual([role, false]);
    }
  },
  60_000,
);

test('an error of the store is logged and told without what it was asked', async () => {
  const { pool } = await openTestStore();
  const orm = drizzle(pool);
  const failures: unknown[] = [];
  const fail = async (work: Promise<unknown>) => void failures.push(await work.catch((error: unknown) => error));
  const insert = 'insert into import_progress (source, bytes_done, lines_done) values ($1, 1, 1)';
  await pool.query(insert, [MARKER]);
  await fail(pool.query(insert, [MARKER]));
  await fail(pool.query('select $1::int', [`${MARKER}\n    at ${MARKER} (file:1:1)`]));
  await fail(orm.execute(`select '${MARKER}'::int`));
  await fail(
    pool.query(`do $$ begin raise exception '%', '${MARKER}' using detail = '${MARKER}', hint = '${MARKER}'; end $$`),
  );
  failures.push(Object.assign(new Error(MARKER), { cause: failures[0] }));
  // The markers are really there to be given away.
  for (const failure of failures) expect(JSON.stringify([failure, String(failure)])).toContain('CANARY');
  for (const failure of failures.slice(0, 4)) {
    expect(JSON.stringify(describeError(failure))).not.toContain('CANARY');
    expect(describeFailure(failure)).not.toContain('CANARY');
  }
  expect(describeError(failures[4])).toMatchObject({ type: 'Error', stack: expect.any(Array) });
  expect(JSON.stringify(describeError(failures[4]))).not.toContain('CANARY');
  expect(describeError(failures[0]).stack?.length).toBeGreaterThan(0);
});
