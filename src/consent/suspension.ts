// Which consents a change of policy puts on hold. Promises: pure; a consent can't be relied on for more than its person read: what
// a material version widens waits for a new yes from the moment it takes effect (policy S9). Everything else goes on.
import type { PolicyVersion } from '../policy/versions.ts';

/** True if consents like this can't be relied on under `policy` until they are confirmed: those the change widens (S9). */
export function touches(policy: Pick<PolicyVersion, 'material' | 'widens'>, precision: number): boolean {
  if (!policy.material || precision === 0) return false;
  return precision > 1 ? policy.widens.length > 0 : policy.widens.some((what) => what !== 'precision');
}

/** From when on a consent of this precision, given under `version`, waits for re-consent; null = it doesn't. */
export function suspendedFrom(policies: readonly PolicyVersion[], version: string, precision: number): number | null {
  const given = policies.find((one) => one.version === version);
  let from: number | null = null;
  for (const one of policies) {
    if (given !== undefined && one.effectiveAt <= given.effectiveAt) continue;
    if (touches(one, precision) && (from === null || one.effectiveAt < from)) from = one.effectiveAt;
  }
  return from;
}
