// Where strengths, as far as they fall off with distance, place a phone that hears ten devices or more, over a block or
// more. The mean of stations (solve.ts) fails there in two ways: it lies too far inside wherever they all stand to one side
// (a mall's outer wall), and one that was carried to beside the phone is so much louder than the rest that it draws the
// answer to where it once stood. Promises: bounded steps, no allocation, sums in the order of the points; the mean stays the
// prior, and the stronger the narrower the stations are: a strength tells a distance to within a factor, so it says nothing
// new of what is heard in one room.
// Model: log-distance path loss with one offset for all (the phone's and the transmitters' mean power, found together with
// the place) and what each station's reach says of its own power, errors of Student's t, and truncation: what is heard was
// strong enough to be heard (Tobit's likelihood; without it faint stations, which are those that had luck, cost simulated cities
// half of their accuracy). The constants are those at which simulated cities and malls of several densities, sizes and walls do
// well together; real traces are too narrow to be moved.
import { UNKNOWN_DBM } from '../radio/signal.ts';
import { DB_OF_E, lossDb, millsRatio } from './path-loss-tables.ts';
import type { Points } from './points.ts';
import { reachPull, WIFI_REACH, widenessOf } from './reach.ts';
import { measure, type Solution } from './solve.ts';

/** Fewer devices say less than their middle does. */
const LEAST_DEVICES = 10;
/** Strengths that differ by less (one sigma) are no strengths: some phones tell one number of all. Real ones differ by 8 to 12. */
const LEAST_SPREAD_DB = 4;
/** Who is where nobody reported from (unlearnt.ts) is no longer as far from a record as a strength tells. */
const MOST_UNLEARNT = 0.5;
/** Shadows, fading, bodies and what differs from transmitter to transmitter: one sigma in dB, and degrees of freedom. */
const SIGMA_DB = 7;
const FREEDOM = 4;
const PER_SIGMA = 1 / SIGMA_DB;
/** dBm at one metre, and how far a phone or a town may be from that. */
const USUAL_AT_1M_DBM = -31;
const OFFSET_SIGMA_DB = 20;
/**
 * A station that reaches farther sends more strongly, or stands freer: so much of what its reach says of that counts. All of it
 * where transmitters differ by 5 dB, as two bands and makers do; none where all are alike and only streets and walls end a reach.
 */
const POWER_OF_REACH = 0.4;
/** Sigma of a station's own place in shares of its reach; and nobody is nearer to it than so many metres. */
const PLACE_OF_REACH = 0.4;
const LEAST_PLACE_M = 4;
/** Sigma of the prior in shares of the reach: wide, from which strengths may lead anywhere; narrow, around the corrected mean. */
const WIDE_OF_REACH = 1;
const NARROW_OF_REACH = 0.25;
const STEPS = 3;
/**
 * Where stations stand over as much as their own reach (spread over mean reach, from the first to the second), the loudest of them are
 * near and their mean is not drawn to the middle of all: only so much of the way that strengths lead from it is taken, the rest is noise.
 * Half takes a tenth off the median of simulated cities, and nothing from their edges; those of malls stand closer.
 */
const LOOSE = [0.8, 1] as const;
const LOOSE_SHARE = 0.5;
/** By so much of what the mean would be off by, were the phone where strengths say, it is corrected: where stations stand all around, that is noise. */
const INWARD_SHARE = 0.5;
/** Louder than expected by more sigmas than this is a station that no longer stands where it did. */
const LOUD_SIGMAS = 2;
/** No step is longer than this share of the reach, or changes the offset by more. */
const LONGEST_OF_REACH = 0.5;
const LONGEST_DB = 15;
/** Where the likelihood is not concave a step counts on this curvature, so that it stays finite. */
const LEAST_CURVATURE = 0.05;

/**
 * With its own scratch space for so many points: moves `out`, the solution for the members of `points` with pulls, to where the
 * strengths of those that agree with it are likeliest, and returns true. Leaves it as it is, and returns false, if that are few
 * devices, if they are narrow, or if their strengths tell nothing.
 */
export function createPathLoss(slots: number): (points: Points, out: Solution) => boolean {
  /** Squared sigma of each station's own place, 0 = has no say. */
  const place2 = new Float64Array(slots);
  /** How much stronger than the mean of them all it sends, dB. */
  const gainDb = new Float64Array(slots);
  const isCounted = new Uint8Array(slots);
  /**
   * How many devices have a say, how far they reach, how much they differ, under which strength the phone hears nothing, and over
   * how many of their reaches they stand (one axis, one sigma): of those that agree only, so that nobody is found by being outvoted (A10).
   */
  const heard = { devices: 0, reachM: 0, spreadDb: 0, thresholdDbm: 0, looseness: 0 };
  /**
   * Where the phone seems to be, what it would hear of a transmitter at one metre, and the trust in those that contradict that, by how
   * much they do; `priorM` around it is for the next descent. In fields: numbers that are handed to and fro are boxed.
   */
  const fit = { x: 0, y: 0, at1M: 0, doubt: 0, priorM: 0 };

  /** Chooses who has a say, and puts the fit at their middle. */
  function choose(points: Points): void {
    const { count, x, y, sigmaM, dbm, trust, agrees, device } = points;
    let sw = 0;
    let sr = 0;
    let sd = 0;
    let sdd = 0;
    let sg = 0;
    let sp = 0;
    let sx = 0;
    let sy = 0;
    let n = 0;
    let ur = 0;
    let ux = 0;
    let uy = 0;
    let uu = 0;
    let devices = 0;
    let faintest = 0;
    isCounted.fill(0, 0, count);
    for (let i = 0; i < count; i++) {
      place2[i] = 0;
      if (agrees[i] === 0 || dbm[i] === UNKNOWN_DBM) continue;
      if (isCounted[device[i]] === 0) {
        isCounted[device[i]] = 1;
        devices++;
      }
      const s2 = sigmaM[i] * sigmaM[i];
      place2[i] = PLACE_OF_REACH * PLACE_OF_REACH * s2 + LEAST_PLACE_M * LEAST_PLACE_M;
      gainDb[i] = POWER_OF_REACH * lossDb(s2);
      const w = trust[i];
      sg += w * gainDb[i];
      sw += w;
      sr += w * sigmaM[i];
      sd += w * dbm[i];
      sdd += w * dbm[i] * dbm[i];
      const p = w / s2;
      sp += p;
      sx += p * x[i];
      sy += p * y[i];
      if (dbm[i] < faintest) faintest = dbm[i];
      n++;
      ur += sigmaM[i];
      ux += x[i];
      uy += y[i];
      uu += x[i] * x[i] + y[i] * y[i];
    }
    const meanDb = sg / sw;
    for (let i = 0; i < count; i++) gainDb[i] -= meanDb;
    heard.devices = devices;
    heard.reachM = sr / sw;
    heard.spreadDb = Math.sqrt(Math.max(sdd / sw - (sd / sw) ** 2, 0));
    // Receivers round to a dBm.
    heard.thresholdDbm = faintest - 1;
    heard.looseness = (n * Math.sqrt(Math.max(uu - (ux * ux + uy * uy) / n, 0) / (2 * n))) / ur;
    fit.x = sx / sp;
    fit.y = sy / sp;
  }

  /**
   * Gauss-Newton on minus the log posterior of (at1M, x, y), from the fit on, which is the prior's middle too. The doubt is that
   * before the last step.
   */
  function descend(points: Points): void {
    const { count, x, y, dbm, trust } = points;
    const { thresholdDbm } = heard;
    const { x: x0, y: y0, priorM } = fit;
    const prior = 1 / (priorM * priorM);
    const longestM = LONGEST_OF_REACH * heard.reachM;
    let px = x0;
    let py = y0;
    let at1M = USUAL_AT_1M_DBM;
    let doubt = 0;
    for (let step = 0; step < STEPS; step++) {
      doubt = 0;
      // h curvatures, g gradients.
      let haa = 1 / OFFSET_SIGMA_DB ** 2;
      let ga = haa * (at1M - USUAL_AT_1M_DBM);
      let hax = 0;
      let hay = 0;
      let hxx = prior;
      let hxy = 0;
      let hyy = prior;
      let gx = prior * (px - x0);
      let gy = prior * (py - y0);
      for (let i = 0; i < count; i++) {
        if (place2[i] === 0) continue;
        const dx = px - x[i];
        const dy = py - y[i];
        const d2 = dx * dx + dy * dy + place2[i];
        const expected = at1M + gainDb[i] - lossDb(d2);
        const z = (expected - thresholdDbm) * PER_SIGMA;
        // Those of these that are heard are so many sigmas stronger than all would be.
        const luck = millsRatio(z);
        const error = (expected - dbm[i]) * PER_SIGMA + luck;
        // One division for both: w is the weight of Student's t, j what a metre changes in dB.
        const both = 1 / ((FREEDOM + error * error) * d2);
        const agrees = trust[i] * both * d2;
        doubt += agrees * error * error;
        const w = (FREEDOM + 1) * PER_SIGMA * PER_SIGMA * agrees;
        const g = w * error * SIGMA_DB;
        const h = w * Math.max(1 - luck * (z + luck), LEAST_CURVATURE);
        const j = -DB_OF_E * both * (FREEDOM + error * error);
        const jx = j * dx;
        const jy = j * dy;
        ga += g;
        gx += g * jx;
        gy += g * jy;
        haa += h;
        hax += h * jx;
        hay += h * jy;
        hxx += h * jx * jx;
        hxy += h * jx * jy;
        hyy += h * jy * jy;
      }
      // Without the offset: Schur's complement of it.
      const bxx = hxx - (hax * hax) / haa;
      const bxy = hxy - (hax * hay) / haa;
      const byy = hyy - (hay * hay) / haa;
      const bx = gx - (hax * ga) / haa;
      const by = gy - (hay * ga) / haa;
      const det = bxx * byy - bxy * bxy;
      const mx = (bxy * by - byy * bx) / det;
      const my = (bxy * bx - bxx * by) / det;
      const share = Math.min(1, longestM / Math.sqrt(mx * mx + my * my + 1e-9));
      const more = -(ga + share * (hax * mx + hay * my)) / haa;
      px += share * mx;
      py += share * my;
      at1M += Math.min(Math.max(more, -LONGEST_DB), LONGEST_DB);
    }
    fit.x = px;
    fit.y = py;
    fit.at1M = at1M;
    fit.doubt = doubt;
  }

  /**
   * Where strengths lead from the middle of all, or from the mean: whichever fewer contradict. One that was carried to beside
   * the phone holds the mean, at an outer wall the middle is too far inside to get away from.
   */
  function descendTwice(points: Points, out: Solution): void {
    fit.priorM = WIDE_OF_REACH * heard.reachM;
    descend(points);
    const { x, y, at1M, doubt } = fit;
    fit.x = out.x;
    fit.y = out.y;
    descend(points);
    if (fit.doubt <= doubt) return;
    fit.x = x;
    fit.y = y;
    fit.at1M = at1M;
  }

  /**
   * Lowers the weights of those that are louder than they could be from where they stand, and puts the fit to the mean of all,
   * led back from where a mean would be drawn to.
   */
  function correctMean(points: Points): void {
    const { count, x, y, sigmaM, dbm, pull, weight, member } = points;
    let sw = 0;
    let sx = 0;
    let sy = 0;
    let ew = 0;
    let ex = 0;
    let ey = 0;
    for (let i = 0; i < count; i++) {
      if (member[i] === 0) continue;
      if (place2[i] > 0) {
        const dx = fit.x - x[i];
        const dy = fit.y - y[i];
        const expected = fit.at1M + gainDb[i] - lossDb(dx * dx + dy * dy + place2[i]);
        const louder = Math.max((dbm[i] - expected) * PER_SIGMA - LOUD_SIGMAS, 0);
        weight[i] /= (1 + louder * louder) ** 3;
        const luck = millsRatio((expected - heard.thresholdDbm) * PER_SIGMA);
        const usual = Math.round(expected + SIGMA_DB * luck);
        const w = (weight[i] / pull[i]) * reachPull(WIFI_REACH, usual, sigmaM[i]);
        ew += w;
        ex += w * x[i];
        ey += w * y[i];
      }
      sw += weight[i];
      sx += weight[i] * x[i];
      sy += weight[i] * y[i];
    }
    fit.x = sx / sw - INWARD_SHARE * (ex / ew - fit.x);
    fit.y = sy / sw - INWARD_SHARE * (ey / ew - fit.y);
  }

  return (points, out) => {
    if (points.count < LEAST_DEVICES || points.unlearnt > MOST_UNLEARNT) return false;
    choose(points);
    if (heard.devices < LEAST_DEVICES || heard.spreadDb < LEAST_SPREAD_DB) return false;
    const wide = widenessOf(heard.reachM);
    if (wide === 0) return false;
    descendTwice(points, out);
    correctMean(points);
    fit.priorM = NARROW_OF_REACH * heard.reachM * wide;
    descend(points);
    const loose = Math.min(Math.max((heard.looseness - LOOSE[0]) / (LOOSE[1] - LOOSE[0]), 0), 1);
    const share = 1 - loose * (1 - LOOSE_SHARE);
    out.x += share * (fit.x - out.x);
    out.y += share * (fit.y - out.y);
    measure(points, out);
    return true;
  };
}
