// Replicas that share a Valkey share their keys' limits: about once a second each adds what it counted and learns what the
// others did. Promises: a limit is exceeded by at most what comes in during one period; a Valkey that is away leaves each
// replica with its own counts, said once in the log; nothing but key ids and counts goes there, and it forgets them.
import type { Valkey } from 'iovalkey';
import { DAY_MS, type KeyLimits, MINUTE_MS, type Quotas } from '../http/quotas.ts';

export type SharedKey = KeyLimits & { readonly id: string };

/** Counters outlive their window by this much, for clocks that disagree. */
const GRACE_S = 60;

export function createQuotaSharing(
  valkey: Pick<Valkey, 'pipeline'>,
  quotas: Pick<Quotas, 'counted' | 'setElsewhere'>,
  keys: () => readonly SharedKey[],
): (nowMs: number) => Promise<void> {
  /** What of each window was pushed already, by counter name; windows that are over are dropped. */
  let pushed = new Map<string, number>();

  return async (nowMs) => {
    const minute = Math.floor(nowMs / MINUTE_MS);
    const day = Math.floor(nowMs / DAY_MS);
    const wanted = keys()
      .filter((key) => key.perMinute !== null || key.dailyQuota !== null)
      .map((key) => ({ key, counted: quotas.counted(key.slot, nowMs) }))
      .filter(({ counted }) => counted.minute > 0 || counted.day > 0);
    if (wanted.length === 0) return;
    const pipeline = valkey.pipeline();
    const next = new Map<string, number>();
    for (const { key, counted } of wanted) {
      for (const [name, count, lifeS] of [
        [`honeyguide:quota:${key.id}:m${minute}`, counted.minute, 60 + GRACE_S],
        [`honeyguide:quota:${key.id}:d${day}`, counted.day, 86_400 + GRACE_S],
      ] as const) {
        pipeline.incrby(name, count - (pushed.get(name) ?? 0)).expire(name, lifeS);
        next.set(name, count);
      }
    }
    const replies = await pipeline.exec();
    if (replies === null) throw new Error('Valkey did not answer');
    const totals = replies
      .filter((_, i) => i % 2 === 0)
      .map(([error, total]) => {
        if (error !== null) throw error;
        return Number(total);
      });
    pushed = next;
    wanted.forEach(({ key, counted }, i) => {
      quotas.setElsewhere(key.slot, nowMs, totals[2 * i] - counted.minute, totals[2 * i + 1] - counted.day);
    });
  };
}
