// Reading one field of a client's JSON, tolerantly: numbers also as strings (KaiOS, Sailfish), null and "" are absent,
// anything else that makes no sense is absent too. Promises: no throw, no allocation, whatever the value is.

/** Stands for "absent or not understood": no field of the wire can hold it. */
export const ABSENT = Number.MIN_SAFE_INTEGER;

/** An integer: a finite number (fraction cut off) or a decimal string of at most 20 characters ("004", "-73", "12.5"); else ABSENT. */
export function readInt(value: unknown): number {
  const n = readNumber(value);
  return n === ABSENT ? ABSENT : Math.trunc(n) + 0;
}

/** A finite number, also from a decimal string; else ABSENT. */
export function readNumber(value: unknown): number {
  if (typeof value === 'number') return value - value === 0 && value > ABSENT ? value : ABSENT;
  if (typeof value !== 'string' || value.length === 0 || value.length > 20) return ABSENT;
  let i = 0;
  let sign = 1;
  const first = value.charCodeAt(0);
  if (first === 45 || first === 43) {
    sign = first === 45 ? -1 : 1;
    i = 1;
  }
  let n = 0;
  let scale = 0;
  let digits = 0;
  for (; i < value.length; i++) {
    const c = value.charCodeAt(i);
    if (c === 46 && scale === 0) scale = 1;
    else if (c >= 48 && c <= 57) {
      n = n * 10 + (c - 48);
      if (scale > 0) scale *= 10;
      digits++;
    } else return ABSENT;
  }
  return digits === 0 ? ABSENT : (sign * n) / Math.max(scale, 1);
}

/** A switch that is on unless it says no: only false, "false", 0 and "0" are no (as Ichnaea reads them). */
export function readSwitch(value: unknown): boolean {
  if (value === false || value === 0 || value === '0') return false;
  return !(typeof value === 'string' && value.length === 5 && value.toLowerCase() === 'false');
}

/** The value as an object with named fields, or null if it is none (arrays are none). */
export function asObject(value: unknown): { readonly [field: string]: unknown } | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as { readonly [field: string]: unknown })
    : null;
}
