// GET /v1/audit/verify: proves to the operator's monitoring that nobody has changed the ledger (privacy.md S6). It stands on
// the operators' port only, and only while that is a loopback address: it has no password, and a check reads every row.
// Promises: no row of the ledger leaves, only how many hold and the end to note; a ledger that takes longer than a client
// waits is checked on, and the verdict is told to who asks again.
import { setTimeout as pause } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import { refuseProblem } from '../http/errors/problem.ts';
import type { Checked } from './check.ts';

/** Shorter than what monitoring waits for an answer. */
const WAIT_MS = 5_000;
const RETRY_S = 10;

/** `check` finds the verdict, or has it (check.ts); `waitMs` is how long an answer may wait for it. */
export function addAuditRoute(scope: FastifyInstance, check: () => Promise<Checked>, waitMs = WAIT_MS): void {
  scope.get('/v1/audit/verify', async (_request, reply) => {
    reply.header('cache-control', 'no-store');
    const ending = new AbortController();
    const checking = check().catch(() => null);
    const inTime = await Promise.race([checking, pause(waitMs, 'running' as const, { signal: ending.signal })]).finally(
      () => ending.abort(),
    );
    if (inTime === null) return refuseProblem(reply, { kind: 'unavailable', retryAfterS: RETRY_S });
    if (inTime === 'running') return reply.code(202).header('retry-after', RETRY_S).send({ state: 'running' });
    const { verdict, at } = inTime;
    const { broken, rows, seq, hash } = verdict;
    const end = `${seq}:${hash.toString('hex')}`;
    // 409: what is stored contradicts what was written; so a look at the status is enough for an alarm.
    return reply
      .code(broken === null ? 200 : 409)
      .send({ state: 'done', holds: broken === null, rows, end, broken, checkedAt: new Date(at).toISOString() });
  });
}
