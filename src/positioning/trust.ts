// How far a station's record is believed before anything is compared: by how much evidence there is, what kind, and how
// long ago it was confirmed. Promises: a number in (0, 1], growing with samples, falling with age, never zero: contradiction
// decides, not suspicion. Freshness is when the station was last heard, not when its record was last rewritten.
import { STATION_FLAG } from '../stations/index-contract.ts';

/** Samples at which evidence is half believed. In Lisbon's walks records under 3 samples were kilometres off in a third of cases, from 50 on never. */
const HALF_TRUST_SAMPLES = 6;
/** What an unknown number of samples counts for (public cell exports give none). */
const ASSUMED_SAMPLES = 3;
/** Days after which an unconfirmed record is half believed: a third of access points is gone after 6 months (data, UJI library). */
const HALF_TRUST_DAYS = 365;
/** Age of a record that tells none. */
const ASSUMED_AGE_DAYS = 365;
/** Positions that are not from satellite fixes. */
const NOT_GNSS_TRUST = 0.5;

/** Trust of a record: `samples` 0 and `lastSeenDay` 0 mean unknown; `today` in days since 1970. */
export function stationTrust(samples: number, lastSeenDay: number, flags: number, today: number): number {
  const n = samples >= 1 ? samples : ASSUMED_SAMPLES;
  const ageDays = lastSeenDay > 0 ? Math.max(today - lastSeenDay, 0) : ASSUMED_AGE_DAYS;
  const kind = (flags & STATION_FLAG.gnss) !== 0 ? 1 : NOT_GNSS_TRUST;
  return (kind * (n / (n + HALF_TRUST_SAMPLES)) * HALF_TRUST_DAYS) / (HALF_TRUST_DAYS + ageDays);
}
