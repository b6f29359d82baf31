// From which age a person's own consent counts, by jurisdiction and date. The European rows are those of GDPR 8(1) as the
// Commission listed them (SWD(2020) 115); where no row is in force the highest age that GDPR knows counts. This is data that
// needs a lawyer's eye, not legal advice. Promises: pure; a change of law is a new row with its date, so that a decision of
// then can be told from one of now.
import type { AgeBand } from '../devices/device-contract.ts';

type AgeRule = { readonly fromMs: number; readonly years: number };

/** Unknown jurisdiction, or none of its rows in force. */
const DEFAULT_AGE = 16;
/** The GDPR applies. */
const GDPR_MS = Date.UTC(2018, 4, 25);

const EUROPE: Readonly<Record<number, string>> = {
  13: 'BE DK EE FI LV MT PT SE GB',
  14: 'AT BG CY ES IT LT',
  15: 'CZ FR GR',
  16: 'DE HR HU IE LU NL PL RO SK',
};

const RULES = new Map<string, readonly AgeRule[]>();
for (const [years, codes] of Object.entries(EUROPE))
  for (const code of codes.split(' ')) RULES.set(code, [{ fromMs: GDPR_MS, years: Number(years) }]);
// ZVOP-2 set 15.
RULES.set('SI', [
  { fromMs: GDPR_MS, years: 16 },
  { fromMs: Date.UTC(2023, 0, 26), years: 15 },
]);
// COPPA.
RULES.set('US', [{ fromMs: Date.UTC(2000, 3, 21), years: 13 }]);
// Digital Personal Data Protection Act 2023, from its assent: earlier than its rules ask for, never later.
RULES.set('IN', [{ fromMs: Date.UTC(2023, 7, 11), years: 18 }]);

/** Years of age from which own consent counts there and then. */
export function ageOfConsent(jurisdiction: string | null, nowMs: number): number {
  const rules = jurisdiction === null ? [] : (RULES.get(jurisdiction) ?? []);
  return rules.findLast((rule) => rule.fromMs <= nowMs)?.years ?? DEFAULT_AGE;
}

/** The youngest that somebody in a band can be. */
const YOUNGEST: Readonly<Record<Exclude<AgeBand, 'unknown'>, number>> = {
  under13: 0,
  '13to15': 13,
  '16to17': 16,
  '18plus': 18,
};

/**
 * `child` as soon as somebody in the band could be under age. `unknown`: nobody has said anything; own consent to more than
 * the anonymous region does not count then either.
 */
export function maturity(ageBand: AgeBand, jurisdiction: string | null, nowMs: number): 'ofAge' | 'child' | 'unknown' {
  if (ageBand === 'unknown') return 'unknown';
  return YOUNGEST[ageBand] >= ageOfConsent(jurisdiction, nowMs) ? 'ofAge' : 'child';
}
