// How far ahead anything done under law may reach. Promises: pure. A hold or a disclosure that never ends is decided once and forgotten
// (attack: a hold until the year 9999 keeps an erased person readable for good); what is still needed after the limit is asked for, and
// approved, again.
import { DAY_MS, YEAR_MS } from '../time/spans.ts';
import { EVIDENCE_MS } from './registry-people.ts';

/** A year, and the day by which some are longer. */
const AHEAD_MS = YEAR_MS + DAY_MS;
/** The row of the ledger stays for three years: in the last of them its person can read it. */
const GAG_MS = EVIDENCE_MS - YEAR_MS;

/** Why law forbids that a row goes: it has to be kept (GDPR 17(3)(b)), or claims need it (17(3)(e)). */
export const HOLD_CAUSES = ['legal_obligation', 'legal_claims'] as const;
export type HoldCause = (typeof HOLD_CAUSES)[number];

/** A sentence if a hold that ends then (epoch ms) ends too early or too late. */
export function holdProblem(endsAt: number, nowMs: number): string | null {
  if (endsAt <= nowMs) return '--ends lies ahead: a hold that is over holds nothing';
  if (endsAt > nowMs + AHEAD_MS) return '--ends lies within a year: hold it again before that, if it is needed still';
  return null;
}

type LegalTimes = {
  readonly from: number;
  readonly to: number;
  readonly endsAt: number;
  readonly gagUntil: number | null;
};

/** A sentence if the times (epoch ms) of a disclosure make no sense, or reach too far. */
export function legalProblem({ from, to, endsAt, gagUntil }: LegalTimes, nowMs: number): string | null {
  if (endsAt <= nowMs || from > to) return '--ends lies ahead, and --from before --to';
  if (Math.max(endsAt, to) > nowMs + AHEAD_MS) return '--ends and --to lie within a year: ask again for what is later';
  if (gagUntil !== null && gagUntil > nowMs + GAG_MS)
    return '--gag-until lies within two years: the person must be able to read of it while the ledger still says so';
  return null;
}
