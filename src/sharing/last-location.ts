// Where a phone was found, as far as a person may have granted it.
import type { Estimate } from '../positioning/locator.ts';

/** Degrees and metres, by what, and how it came about. */
export type LastLocation = Readonly<Estimate>;

/**
 * Whether it may take the place of the one before. What the address alone told may not: it is a town, and that of whoever asked,
 * which may be the server of an application (attack, and accident: one such question, and all are told of a data centre for a day).
 */
export function isWorthKeeping({ fallback }: LastLocation): boolean {
  return fallback !== 'ipf';
}
