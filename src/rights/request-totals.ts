// How many requests went with somebody who was erased, as one line of the ledger: what the transparency report counts them by.
// Promises: pure; what is written is read back as it was.
export type RequestTotal = { readonly year: number; readonly kind: string; readonly n: number };

/** `requests: 2026 access 2, 2026 erasure 1`. */
export function requestsDetail(totals: readonly RequestTotal[]): string {
  return `requests: ${totals.map(({ year, kind, n }) => `${year} ${kind} ${n}`).join(', ')}`;
}

/** Those of a year in such a line. */
export function requestsIn(detail: string, year: number): { kind: string; n: number }[] {
  return [...detail.matchAll(/(\d{4}) ([a-z]+) (\d+)/g)]
    .filter((one) => Number(one[1]) === year)
    .map(([, , kind, n]) => ({ kind, n: Number(n) }));
}
