// What the rest of the house knows of positioning: two questions about one set of readings. Promises: no error for any
// readings; the same readings give the same bytes; the answer is one reused object, so copy what you need before you ask again.
import type { HeardStrays } from '../http/stray-budget.ts';
import type { Country } from './borders.ts';
import type { Readings } from './readings.ts';

/** '' = by what was sent; `lacf` = by the area of a cell that is not known itself; `ipf` = by the IP address. */
export type Fallback = '' | 'lacf' | 'ipf';
export type EstimateSource = 'gps' | 'wifi' | 'bluetooth' | 'cell' | 'area' | 'ip' | 'fused';

/** Degrees, finite; `accuracyM` is the radius of a 95 % circle in metres, above 0; `sources` are the bits of SOURCE it was found by. */
export type Estimate = {
  lat: number;
  lon: number;
  accuracyM: number;
  fallback: Fallback;
  source: EstimateSource;
  sources: number;
};

/** ISO 3166-1 alpha-2 code and English name. */
export type CountryAnswer = Country & { readonly fallback: '' | 'ipf' };

/** `ageMs`: how long ago the youngest of what it rests on was heard; 0 = now. */
export type AgedEstimate = Estimate & { ageMs: number };

export type Locator = {
  /** Where the phone is at `nowMs` (epoch), or null if nothing it sent tells. */
  locate(readings: Readings, nowMs: number): Estimate | null;
  /**
   * Known access points and beacons of the last `locate` that do not stand where the others do, overwritten by the next; absent, this
   * locator can't tell. A list of mostly such says nothing of where a phone is, but is how access points are looked for (A10).
   */
  readonly strays?: HeardStrays;
  /** The country it is in, or null. */
  country(readings: Readings, nowMs: number): CountryAnswer | null;
};
