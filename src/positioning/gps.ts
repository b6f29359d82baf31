// The phone's own fix as evidence. Promises: an accuracy that grows with the fix's age at the speed it tells, or at a
// pedestrian-to-car guess if it tells none; never better than a satellite receiver can be; believed less the older it is, and
// no fix any more when it could be anywhere in a region. Needs no second witness: it is the phone's own. Impossible fixes never get here (read-geolocate.ts).
import { driftM, fadeOf, UNKNOWN_SPEED_MPS, WIDEST_FIX_M } from './age.ts';
import type { FixReading } from './readings.ts';
import type { Source } from './source.ts';

/** Phones report the radius that holds 68 % (Android's Location.getAccuracy); a two-dimensional normal spread has 95 % within 1.62 times that. */
const ACCURACY_68_TO_95 = 2.4477 / 1.5096;
/** A fix that tells no accuracy: as far off as assisted fixes on feature phones get. */
const UNKNOWN_ACCURACY_M = 100;
/** Under open sky a phone's single-frequency receiver is within some 5 m. */
const MIN_ACCURACY_M = 5;
/** A standing phone may have begun to walk. */
const MIN_SPEED_MPS = 1;
/** Outvotes one cell or a pair of access points, not several devices that agree. */
const GPS_TRUST = 2.5;

/** Fills `into` from the fix. */
export function locateByFix(fix: FixReading, into: Source): void {
  into.found = false;
  if (!fix.present) return;
  const speed = fix.speedMps < 0 ? UNKNOWN_SPEED_MPS : Math.max(fix.speedMps, MIN_SPEED_MPS);
  const then = fix.accuracyM > 0 ? fix.accuracyM * ACCURACY_68_TO_95 : UNKNOWN_ACCURACY_M;
  into.lat = fix.lat;
  into.lon = fix.lon;
  into.accuracyM = Math.max(then, MIN_ACCURACY_M) + driftM(fix.ageMs, speed);
  into.trust = GPS_TRUST * fadeOf(fix.ageMs);
  into.ageMs = fix.ageMs;
  into.found = into.accuracyM <= WIDEST_FIX_M;
}
