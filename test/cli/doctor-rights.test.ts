import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { checkRights } from '../../src/cli/doctor-rights.ts';
import { DAY_MS } from '../../src/time/spans.ts';
import { openTestStore } from '../support/store.ts';

const { pool } = await openTestStore();
const NOW_MS = Date.UTC(2026, 10, 22);
const states = async () => Object.fromEntries((await checkRights(pool, NOW_MS)).map((one) => [one.what, one.state]));

test('the doctor finds rows past their time, requests past their due date and erasures that stand still', async () => {
  expect(await states()).toEqual({ retention: 'ok', requests: 'ok', erasures: 'ok' });
  const device = randomUUID();
  await pool.query("insert into challenges values ('\\x01', $1, 'erasure', $2)", [device, NOW_MS - 2 * DAY_MS]);
  expect(await states()).toMatchObject({ retention: 'wrong' });
  await pool.query(
    `insert into rights_requests values ($1, $1, 'rectification', 'in progress', 1, $2, null, null, '\\x00')`,
    [device, NOW_MS - 1],
  );
  expect(await states()).toMatchObject({ requests: 'wrong' });
  await pool.query("insert into erasures values ('\\x01', '\\x01', $1, 'asked', 'begun', $2)", [
    device,
    NOW_MS - 2 * DAY_MS,
  ]);
  expect(await states()).toMatchObject({ erasures: 'wrong' });
  await pool.query("insert into legal_holds values ($1, 'devices', 'x', $1, 'case', 'ana', 1, $2)", [
    device,
    NOW_MS + 1,
  ]);
  expect(await states()).toMatchObject({ erasures: 'ok' });
});
