// One position from sources that each say where the phone is. Sources whose circles meet sharpen each other; of sources
// that contradict, those win that are believed most together. Promises: the answer's circle is never wider than its best
// source's unless its sources disagree; as young as the youngest of them; the same for any order of arrival, because sources
// have fixed places.

import { distanceM } from '../geo/distance.ts';
import { centrePlane, createPlane, planeLat, planeLon, planeX, planeY } from '../geo/plane.ts';
import { R95_OVER_SIGMA } from './reach.ts';
import type { Source } from './source.ts';

/** Of two sources for one phone, both right in 95 of 100 cases, the points lie farther apart than this share of their summed radii in under 1 %. */
const MEET_SHARE = 1.1;

/** More sources than there are kinds of evidence. */
const MAX_SOURCES = 8;

const plane = createPlane();
/** Row i, column j is 1 if the circles of found sources i and j meet: asked four times for each pair, worked out once. */
const meets = new Uint8Array(MAX_SOURCES * MAX_SOURCES);

/** True if the circles of two found sources meet. */
export function agree(a: Source, b: Source): boolean {
  return distanceM(a.lat, a.lon, b.lat, b.lon) <= MEET_SHARE * (a.accuracyM + b.accuracyM);
}

function compare(sources: readonly Source[]): void {
  for (let i = 1; i < sources.length; i++)
    for (let j = 0; j < i; j++) {
      const meet = sources[i].found && sources[j].found && agree(sources[i], sources[j]) ? 1 : 0;
      meets[i * MAX_SOURCES + j] = meet;
      meets[j * MAX_SOURCES + i] = meet;
    }
}

/**
 * Fuses the found ones of `sources` (at most MAX_SOURCES) into `into`. Returns the index of the source that weighs most, plus `sources.length` if
 * another contributed a tenth or more; -1 if none was found.
 */
export function fuse(sources: readonly Source[], into: Source): number {
  compare(sources);
  const winner = elect(sources);
  into.found = winner >= 0;
  if (winner < 0) return -1;
  const best = sources[winner];
  centrePlane(plane, best.lat, best.lon);
  let sw = 0;
  let sx = 0;
  let sy = 0;
  let trust = 0;
  let heaviest = 0;
  let dominant = winner;
  let merged = 0;
  let ageMs = best.ageMs;
  for (let i = 0; i < sources.length; i++) {
    const s = sources[i];
    if (!s.found || (i !== winner && meets[i * MAX_SOURCES + winner] === 0)) continue;
    const w = 1 / (s.accuracyM * s.accuracyM);
    sw += w;
    sx += w * planeX(plane, s.lat, s.lon);
    sy += w * planeY(plane, s.lat, s.lon);
    trust += s.trust;
    merged |= 1 << i;
    if (s.ageMs < ageMs) ageMs = s.ageMs;
    if (w > heaviest) {
      heaviest = w;
      dominant = i;
    }
  }
  const x = sx / sw;
  const y = sy / sw;
  let scatter = 0;
  for (let i = 0; i < sources.length; i++) {
    const s = sources[i];
    if (!s.found || (i !== winner && meets[i * MAX_SOURCES + winner] === 0)) continue;
    const dx = planeX(plane, s.lat, s.lon) - x;
    const dy = planeY(plane, s.lat, s.lon) - y;
    scatter += (dx * dx + dy * dy) / (s.accuracyM * s.accuracyM) / sw;
  }
  into.lat = planeLat(plane, x, y);
  into.lon = planeLon(plane, x, y);
  // Half of the scatter is one axis of it; agreeing sources scatter less than their circles and add little.
  into.accuracyM = Math.sqrt(1 / sw + (R95_OVER_SIGMA * R95_OVER_SIGMA * scatter) / 8);
  into.trust = trust;
  into.merged = merged;
  into.ageMs = ageMs;
  return heaviest < 0.9 * sw ? dominant + sources.length : dominant;
}

/** The source with the most trust behind it, its own and that of those it agrees with; of equals the narrower, then the first. */
function elect(sources: readonly Source[]): number {
  let winner = -1;
  let most = 0;
  for (let i = 0; i < sources.length; i++) {
    const s = sources[i];
    if (!s.found) continue;
    let votes = s.trust;
    for (let j = 0; j < sources.length; j++) if (j !== i && meets[i * MAX_SOURCES + j] === 1) votes += sources[j].trust;
    // No vote is a vote too: access points none of which reaches to the middle of all have no trust, and may be all there is.
    if (winner >= 0 && (votes < most || (votes === most && s.accuracyM >= sources[winner].accuracyM))) continue;
    winner = i;
    most = votes;
  }
  return winner;
}
