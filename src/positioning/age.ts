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
/**
 * A fix with a wider circle is none: location areas are as wide (40 km in 95 %, calibration.ts) and addresses name a city,
 * and both are of now. At the pace above that is three and a half hours.
 */
export const WIDEST_FIX_M = 50_000;
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
