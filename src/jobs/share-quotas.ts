// Replicas that share a Valkey share their keys' limits: about once a second each says what it counted and learns what the
// others did. Promises: a limit is exceeded by at most what comes in during one period; a Valkey that is away leaves each
// replica with what it counted and last heard, said once in the log; one that forgot everything knows it again a period
// after it is back; nothing but key ids and counts goes there, and it forgets them.
import type { Valkey } from 'iovalkey';
import type { KeyLimits, Quotas } from '../http/quotas.ts';
import { DAY_MS, MINUTE_MS } from '../time/spans.ts';

export type SharedKey = KeyLimits & { readonly id: string };

/** Counters outlive their window by this much, for clocks that disagree. */
const GRACE_S = 60;

/**
 * `replica` names this process among all that share the Valkey. Each window of a key is a hash of counts by replica: saying
 * a count again changes nothing, so an answer that was lost on the way is no matter.
 */
export function createQuotaSharing(
  valkey: Pick<Valkey, 'pipeline' | 'set'>,
  replica: string,
  quotas: Pick<Quotas, 'counted' | 'setElsewhere'>,
  keys: () => readonly SharedKey[],
): (nowMs: number) => Promise<void> {
  return async (nowMs) => {
    const minute = Math.floor(nowMs / MINUTE_MS);
    const day = Math.floor(nowMs / DAY_MS);
    const wanted = keys()
      .filter((key) => key.perMinute !== null || key.dailyQuota !== null)
      .map((key) => ({ key, counted: quotas.counted(key.slot, nowMs) }))
      .filter(({ counted }) => counted.minute > 0 || counted.day > 0);
    // Limits by address need it too, and what is called only by a refused phone tells nobody that it went. Written, not asked: one
    // that became a replica itself, or is full, answers and takes nothing.
    if (wanted.length === 0) return void (await valkey.set('honeyguide:written', '', 'EX', GRACE_S));
    const pipeline = valkey.pipeline();
    for (const { key, counted } of wanted) {
      for (const [name, count, lifeS] of [
        [`honeyguide:quotas:${key.id}:m${minute}`, counted.minute, 60 + GRACE_S],
        [`honeyguide:quotas:${key.id}:d${day}`, counted.day, 86_400 + GRACE_S],
      ] as const) {
        pipeline.hset(name, replica, count).expire(name, lifeS).hvals(name);
      }
    }
    const replies = await pipeline.exec();
    if (replies === null) throw new Error('Valkey did not answer');
    const failed = replies.find(([error]) => error !== null);
    if (failed) throw failed[0];
    const totals = replies
      .filter((_, i) => i % 3 === 2)
      .map(([, counts]) => (counts as string[]).reduce((sum, count) => sum + Number(count), 0));
    wanted.forEach(({ key, counted }, i) => {
      quotas.setElsewhere(key.slot, nowMs, totals[2 * i] - counted.minute, totals[2 * i + 1] - counted.day);
    });
  };
}
