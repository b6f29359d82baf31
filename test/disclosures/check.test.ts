import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createLedgerCheck, VERDICT_MS } from '../../src/disclosures/check.ts';
import { addAuditRoute } from '../../src/disclosures/routes.ts';
import type { Verdict } from '../../src/disclosures/verify.ts';
import { createCounterMemory, sumCounters } from '../../src/http/counters.ts';
import { createMetrics } from '../../src/process/metrics.ts';
import { openMetricsServer } from '../../src/process/metrics-server.ts';
import { openTestStore } from '../support/store.ts';
import { tamper } from '../support/tamper.ts';
import { entry, NOW, testChain, verify } from './ledger.ts';

const { pool } = await openTestStore();
const inChain = testChain(pool);
const HOLDS: Verdict = { broken: null, rows: 1, seq: 1, hash: Buffer.alloc(32, 1) };

/** The operators' port of a gateway whose ledger is checked by `check`. */
async function operatorsPort(check: ReturnType<typeof createLedgerCheck>, waitMs?: number) {
  const registry = createMetrics({
    counters: () => sumCounters(createCounterMemory(1)),
    submissions: () => ({ kept: {}, dropped: {} }),
    index: () => ({ stations: 0, bytes: 0, snapshotAgeS: null, feedLagS: 0 }),
    jobs: () => [],
    threadRestarts: () => 0,
    keys: () => 0,
  });
  const ready = { store: true, index: true, jobs: true };
  const server = await openMetricsServer(
    registry,
    () => ready,
    '127.0.0.1',
    0,
    (app) => addAuditRoute(app, check, waitMs),
  );
  afterAll(() => server.close());
  return async () => {
    const answer = await fetch(`http://127.0.0.1:${server.port}/v1/audit/verify`);
    return { status: answer.status, headers: answer.headers, body: await answer.json() };
  };
}

describe('GET /v1/audit/verify', () => {
  let nowMs = NOW;
  let ask: Awaited<ReturnType<typeof operatorsPort>>;

  beforeAll(async () => {
    ask = await operatorsPort(
      createLedgerCheck(
        () => verify(pool),
        () => nowMs,
      ),
    );
    for (let i = 0; i < 3; i++) await inChain(async (_client, chain) => void chain.append(entry()));
  });

  test('says that the ledger holds and its end, and nothing that is in it', async () => {
    const { status, headers, body } = await ask();
    const { seq, hash } = await verify(pool);
    expect([status, headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect(body).toEqual({
      ...{ state: 'done', holds: true, rows: 3, end: `${seq}:${hash.toString('hex')}`, broken: null },
      checkedAt: new Date(NOW).toISOString(),
    });
  });

  test('says by its status which row somebody changed, once the verdict before is old', async () => {
    await tamper(pool, `update ledger set purpose = 'other' where seq = 2`);
    expect((await ask()).status).toBe(200);
    nowMs += VERDICT_MS;
    expect(await ask()).toMatchObject({ status: 409, body: { holds: false, broken: { at: 2, what: 'changed' } } });
  });
});

describe('a check of the ledger', () => {
  test('runs once for all who ask at the same time, and for a minute after', async () => {
    let runs = 0;
    let nowMs = NOW;
    const check = createLedgerCheck(
      async () => {
        runs++;
        return HOLDS;
      },
      () => nowMs,
    );
    await Promise.all([check(), check(), check()]);
    await check();
    expect(runs).toBe(1);
    nowMs += VERDICT_MS;
    await check();
    expect(runs).toBe(2);
  });

  test('that takes longer than a client waits goes on, and its verdict is told to who asks again', async () => {
    let end: (verdict: Verdict) => void = () => {};
    const ask = await operatorsPort(
      createLedgerCheck(
        () =>
          new Promise((resolve) => {
            end = resolve;
          }),
        () => NOW,
      ),
      20,
    );
    const first = await ask();
    expect([first.status, first.body, first.headers.get('retry-after')]).toEqual([202, { state: 'running' }, '10']);
    end(HOLDS);
    expect(await ask()).toMatchObject({ status: 200, body: { holds: true } });
  });

  test('that fails is no verdict: the store is asked again', async () => {
    let isAway = true;
    const ask = await operatorsPort(
      createLedgerCheck(
        async () => {
          if (isAway) throw new Error('away');
          return HOLDS;
        },
        () => NOW,
      ),
    );
    expect((await ask()).status).toBe(503);
    isAway = false;
    expect((await ask()).status).toBe(200);
  });
});
