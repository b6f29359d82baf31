// What the ledger says of a disclosure under law: that it was asked for, and, for as long as the ledger's rows stay, what it was. Erasing
// the person takes the scope with their key, not the evidence: the row is under a pseudonym that then ties to nobody. The reference
// stays out: a number of a case names its person to whoever has the case. Promises: pure.
export const ASKED_FOR = 'asked for ';
export const HANDED_OVER = 'handed over ';
const APPROVED_BY = '; approved by ';

type HandedOver = {
  readonly id: string;
  readonly authority: string;
  readonly statute: string;
  readonly fields: readonly string[];
  readonly approvedBy: readonly string[];
};

export const askedForDetail = (id: string): string => `${ASKED_FOR}${id}`;

/** `handed over ID to AUTHORITY under STATUTE: FIELDS; approved by WHO, WHO`. */
export function handedOverDetail({ id, authority, statute, fields, approvedBy }: HandedOver): string {
  return `${HANDED_OVER}${id} to ${authority} under ${statute}: ${fields.join(', ')}${APPROVED_BY}${approvedBy.join(', ')}`;
}

/** Such a row as its person may see it: not who of the staff approved. */
export function withoutApprovers(detail: string): string {
  const end = detail.lastIndexOf(APPROVED_BY);
  return end < 0 ? detail : detail.slice(0, end);
}
