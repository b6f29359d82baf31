// Where a phone is by the access points or beacons it hears. Promises: says nothing unless two distinct devices stand
// together (one household's router is never enough); with exactly two, signal strengths, which a curious client could invent,
// don't move the answer and it claims no better than 100 m; stations seen moving never answer; nor does a list whose known
// devices mostly stand elsewhere: one access point of every block of a city beside a victim's would tell the block (A10).
// Ages move no answer either: they tell which part of a list counts, the youngest with two known devices, as if no more had
// been sent, and how wide the circle is.
import { lengthM } from '../geo/distance.ts';
import { createPlane, planeLat, planeLon } from '../geo/plane.ts';
import { UNKNOWN_DBM } from '../radio/signal.ts';
import { MAC_KIND, type MacKind, STATION_FLAG } from '../stations/index-contract.ts';
import { addMacKeys } from '../stations/look-up-contract.ts';
import { ANY_AGE_MS, ageSource, momentUntilMs, oldestMs, SCAN_MS, sinceHeardMs } from './age.ts';
import { type Corrections, type MacBasis, rateMacs } from './calibration.ts';
import { findCluster } from './cluster.ts';
import { createDeviceScratch, groupDevices } from './devices.ts';
import type { Known } from './known.ts';
import { createPathLoss } from './path-loss.ts';
import { createPoints, flatten, putPoint, squaredM } from './points.ts';
import { BLUETOOTH_REACH, reachPull, reachSigmaM, WIFI_REACH } from './reach.ts';
import { MAX_WIFI, type MacReadings } from './readings.ts';
import { createSolution, measure, settle, weighByStrength } from './solve.ts';
import type { Source } from './source.ts';
import { stationTrust } from './trust.ts';
import { createUnlearnt, LEAST_REPORTS } from './unlearnt.ts';

/** Two access points heard at once stand within 500 m, two beacons within 100 m (Ichnaea's bounds). */
const WIFI_CLUSTER_M = 500;
const BLUETOOTH_CLUSTER_M = 100;
/** Scale on which stations still support each other's place. */
const WIFI_BLUR_M = 30;
const BLUETOOTH_BLUR_M = 10;

/** Heard within so long of each other is of one moment: Android lets an app scan four times in two minutes, so two scans are. */
const MOMENT_MS = 60_000;
/** So much more of the past is heard where less holds no two devices, up to all of it: five times at most. */
const LONGER = 8;

/** A solver for one kind of transmitter with its own scratch space: `seek` before `fetched` is fetched, then `locate`, which fills `into` anew. */
export function createMacSource(fetched: Known, kind: MacKind, corrections: Corrections) {
  const model = kind === MAC_KIND.wifi ? WIFI_REACH : BLUETOOTH_REACH;
  const clusterM = kind === MAC_KIND.wifi ? WIFI_CLUSTER_M : BLUETOOTH_CLUSTER_M;
  const blurM = kind === MAC_KIND.wifi ? WIFI_BLUR_M : BLUETOOTH_BLUR_M;
  const { keys, stations: known, found } = fetched;
  const row = new Int16Array(MAX_WIFI);
  const macs = new Float64Array(MAX_WIFI);
  const scratch = createDeviceScratch(MAX_WIFI);
  const counted = new Uint8Array(MAX_WIFI);
  const points = createPoints(MAX_WIFI);
  const plane = createPlane();
  const solution = createSolution();
  const basis: MacBasis = { devices: 0, share: 1, followed: false, ledM: 0 };
  const unlearntShare = createUnlearnt(MAX_WIFI);
  const followPathLoss = kind === MAC_KIND.wifi ? createPathLoss(MAX_WIFI) : null;

  /** Known stations of the look-up before that do not stand where the phone is, by address, and where that is (degrees; 0, 0 = nowhere). */
  const strays = { count: 0, mac: new Float64Array(MAX_WIFI), lat: 0, lon: 0 };

  let first = 0;
  /** Readings of the moment that is looked at, known or not. */
  let asked = 0;

  function seek(heard: MacReadings): void {
    if (heard.count >= 2) first = addMacKeys(keys, kind, heard.mac, heard.count);
  }

  function locate(heard: MacReadings, today: number, witnesses: readonly Source[], into: Source): void {
    into.found = false;
    strays.count = 0;
    if (heard.count < 2) return;
    let n = 0;
    let knownDevices = 0;
    const oldest = oldestMs(heard.ageMs, heard.count);
    let until = oldest > MOMENT_MS ? momentUntilMs(heard.ageMs, heard.count, MOMENT_MS) : ANY_AGE_MS;
    for (; ; until *= LONGER) {
      n = gather(heard, until);
      knownDevices = n < 2 ? n : groupDevices(macs, n, points.device, scratch);
      // One question a list: those asked of ever more of it would be more than a list without ages can ask (A10).
      if (knownDevices >= 2 || until >= ANY_AGE_MS) break;
    }
    if (knownDevices < 2) return;
    place(n, heard, today);
    hearWitnesses(witnesses);
    const start = findCluster(points, clusterM, blurM, false);
    const members = countMembers();
    const devices = members === n ? knownDevices : countDevices();
    if (devices < knownDevices) noteStrays(n, start);
    // Half against half is no majority, but for a cell or a fix beside one of them.
    if (start < 0 || 2 * devices < knownDevices) return;
    if (2 * devices === knownDevices && !isWitnessed(witnesses, start)) return;
    flatten(points, start, plane);
    settle(points, start, solution);
    if (devices > 2) {
      pull();
      weighByStrength(points, solution);
    }
    measure(points, solution);
    const { x, y } = solution;
    basis.devices = devices;
    basis.followed = devices > 2 && followPathLoss?.(points, solution) === true;
    basis.ledM = lengthM(solution.x - x, solution.y - y);
    basis.share = kind === MAC_KIND.bluetooth ? 1 : members / asked;
    into.found = true;
    into.lat = planeLat(plane, solution.x, solution.y);
    into.lon = planeLon(plane, solution.x, solution.y);
    rateMacs(corrections, kind, basis, solution, into);
    into.trust = solution.agreeing;
    ageSource(into, oldest > SCAN_MS ? meanAgeMs(heard) : 0);
  }

  /** Rows of found stations no older than `untilMs` that may answer, by address: no strength decides in which order sums are made. */
  function gather(heard: MacReadings, untilMs: number): number {
    let n = 0;
    asked = 0;
    for (let i = 0; i < heard.count; i++) {
      if (heard.ageMs[i] > untilMs) continue;
      asked++;
      if (found[first + i] === 0 || (known.flags[first + i] & STATION_FLAG.moved) !== 0) continue;
      let k = n++;
      for (; k > 0 && macs[k - 1] > heard.mac[i]; k--) {
        macs[k] = macs[k - 1];
        row[k] = row[k - 1];
      }
      macs[k] = heard.mac[i];
      row[k] = i;
    }
    return n;
  }

  /** Makes points of them. */
  function place(n: number, heard: MacReadings, today: number): void {
    points.count = n;
    for (let k = 0; k < n; k++) {
      const i = first + row[k];
      putPoint(points, k, known.lat[i], known.lon[i]);
      points.trust[k] = stationTrust(known.samples[i], known.lastSeenDay[i], known.flags[i], today);
      points.sigmaM[k] = reachSigmaM(model, known.radiusM[i], known.samples[i]);
      hear(k, heard.dbm[row[k]], known.detail[i], known.samples[i]);
      points.prior[k] = 0;
    }
  }

  /** A strength says no more than the strongest that was reported: beyond it one is nearer to the transmitter, not to its record. */
  function hear(k: number, dbm: number, detail: number, samples: number): void {
    const isKnown = detail > 0 && dbm !== UNKNOWN_DBM;
    const louderDb = isKnown ? Math.max(dbm + detail, 0) : 0;
    points.louderDb[k] = louderDb;
    points.fainterDb[k] = isKnown && samples >= LEAST_REPORTS ? Math.max(-dbm - detail, 0) : -1;
    points.dbm[k] = dbm - louderDb;
  }

  function pull(): void {
    points.unlearnt = unlearntShare(points);
    for (let k = 0; k < points.count; k++)
      points.pull[k] = reachPull(model, points.dbm[k], points.sigmaM[k], points.unlearnt);
  }

  /** What other sources add to a place: a cluster where the phone's cell or fix also is needs less company than one far off. */
  function hearWitnesses(witnesses: readonly Source[]): void {
    for (let j = 0; j < witnesses.length; j++) {
      const s = witnesses[j];
      if (!s.found) continue;
      const s2 = s.accuracyM * s.accuracyM + clusterM * clusterM;
      for (let k = 0; k < points.count; k++) {
        points.prior[k] += (s.trust * s2) / (s2 + squaredM(points, k, s.lat, s.lon));
      }
    }
  }

  /** True if another source may be where the cluster is, and can't be where the others are. */
  function isWitnessed(witnesses: readonly Source[], start: number): boolean {
    for (let j = 0; j < witnesses.length; j++) if (witnesses[j].found && tellsApart(witnesses[j], start)) return true;
    return false;
  }

  function tellsApart({ accuracyM, lat, lon }: Source, start: number): boolean {
    const reach2 = (accuracyM + clusterM) ** 2;
    if (squaredM(points, start, lat, lon) > reach2) return false;
    for (let k = 0; k < points.count; k++)
      if (points.member[k] === 0 && squaredM(points, k, lat, lon) <= reach2) return false;
    return true;
  }

  /** How long ago the cluster was heard, by weight. */
  function meanAgeMs(heard: MacReadings): number {
    let sw = 0;
    let sa = 0;
    for (let k = 0; k < points.count; k++) {
      if (points.member[k] === 0) continue;
      sw += points.weight[k];
      sa += points.weight[k] * sinceHeardMs(heard.ageMs[row[k]]);
    }
    return sa / sw;
  }

  function countMembers(): number {
    let members = 0;
    for (let k = 0; k < points.count; k++) members += points.member[k];
    return members;
  }

  /** Distinct devices in the cluster. */
  function countDevices(): number {
    counted.fill(0, 0, points.count);
    let devices = 0;
    for (let k = 0; k < points.count; k++) {
      const device = points.device[k];
      if (points.member[k] === 0 || counted[device] === 1) continue;
      counted[device] = 1;
      devices++;
    }
    return devices;
  }

  /** Of devices outside the cluster, or all if there is none. */
  function noteStrays(n: number, start: number): void {
    strays.lat = start < 0 ? 0 : points.lat[start];
    strays.lon = start < 0 ? 0 : points.lon[start];
    for (let k = 0; k < n; k++) if (start < 0 || counted[points.device[k]] === 0) strays.mac[strays.count++] = macs[k];
  }

  return { seek, locate, strays };
}
