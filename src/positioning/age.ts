// What time does to evidence: a fix taken, an access point or a cell heard a while ago tells where the phone was. Promises:
// the older, the wider its circle and the less it is believed where something younger contradicts it, in the same way for
// every source; what is heard as a scan takes its time is as good as now; nothing that is wide only by its age answers.
import type { Source } from './source.ts';

/** A phone of unknown speed: between a walk and a town bus. */
export const UNKNOWN_SPEED_MPS = 4;
/** Age at which evidence is half believed where something heard now contradicts it: it tells where the phone was, not how it went on. */
const HALF_TRUST_MS = 300_000;
/** From this age on evidence is old: half believed or less. */
export const OLD_MS = HALF_TRUST_MS;
/** A scan of all channels takes so long, and tells the age of what it heard first: no younger reading is older than now. */
export const SCAN_MS = 2000;
/**
 * Cells heard within so long of each other are of one moment: hardly a train (80 m/s) leaves the 70 km in which cells heard at
 * once stand (cell-source.ts) in less.
 */
export const CELLS_MOMENT_MS = 600_000;
/**
 * A fix with a wider circle is none: location areas are as wide (40 km in 95 %, calibration.ts) and addresses name a city,
 * and both are of now. At the pace above that is three and a half hours.
 */
export const WIDEST_FIX_M = 50_000;
/** No reading is older (raw-cell.ts). A small integer, unlike Infinity, passes from function to function without a box on the heap. */
export const ANY_AGE_MS = 86_400_000;
/** A crowd of old readings is one old scan: it is believed no more than a lone fix of its age (gps.ts). */
const CROWD_TRUST = 2.5;

/** How far a phone may have gone in `ageMs` at `speedMps`, metres. */
export function driftM(ageMs: number, speedMps: number): number {
  return (speedMps * ageMs) / 1000;
}

/** What is left of the trust in evidence, 1 = all. */
export function fadeOf(ageMs: number): number {
  return HALF_TRUST_MS / (HALF_TRUST_MS + ageMs);
}

/** True if nothing found is younger than old; also if nothing is found. */
export function isAllOld(sources: readonly Source[]): boolean {
  for (let i = 0; i < sources.length; i++) if (sources[i].found && sources[i].ageMs <= OLD_MS) return false;
  return true;
}

/** The age that counts of something heard by radio. */
export function sinceHeardMs(ageMs: number): number {
  return ageMs > SCAN_MS ? ageMs - SCAN_MS : 0;
}

/** Makes of what a radio source found, as if heard now, what it says after `ageMs`: wider, less believed, at last nothing. */
export function ageSource(into: Source, ageMs: number): void {
  into.ageMs = ageMs;
  if (ageMs === 0) return;
  const drift = driftM(ageMs, UNKNOWN_SPEED_MPS);
  // What is wide anyway (areas, GSM at 35 km) may be a little wider.
  into.found = drift <= into.accuracyM || into.accuracyM + drift <= WIDEST_FIX_M;
  into.accuracyM += drift;
  const faded = into.trust * fadeOf(ageMs);
  into.trust = faded / (1 + (faded * ageMs) / (CROWD_TRUST * HALF_TRUST_MS));
}

/** The greatest of so many ages. */
export function oldestMs(ageMs: Float64Array, count: number): number {
  let oldest = 0;
  for (let i = 0; i < count; i++) if (ageMs[i] > oldest) oldest = ageMs[i];
  return oldest;
}

/**
 * Until which age readings are of the youngest one's moment, `apartMs` long; ANY_AGE_MS if all are. Older ones are asked only
 * if those say nothing.
 */
export function momentUntilMs(ageMs: Float64Array, count: number, apartMs: number): number {
  const oldest = oldestMs(ageMs, count);
  if (oldest <= apartMs) return ANY_AGE_MS;
  let youngest = oldest;
  for (let i = 0; i < count; i++) if (ageMs[i] < youngest) youngest = ageMs[i];
  return oldest - youngest > apartMs ? youngest + apartMs : ANY_AGE_MS;
}
