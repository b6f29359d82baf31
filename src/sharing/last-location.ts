// Where a phone was found, as far as a person may have granted it.
import type { Estimate } from '../positioning/locator.ts';

/** Degrees and metres, by what, and how it came about. */
export type LastLocation = Readonly<Estimate>;
