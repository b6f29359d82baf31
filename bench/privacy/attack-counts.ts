// A9, the published counts: the attacker knows where every other device was and asks of the noisy count whether one more was
// there; his advantage is the best that any threshold gives (true less false positives). Beside us stands what many publish:
// exact counts, nothing under twenty.
import type { Random } from '../../fixtures/random.ts';
import { FEWEST_DEVICES, noisyCounts } from '../../src/privacy/count-rule.ts';

/** Publishes the count of one region; null = the region is not named. */
export type Publish = (devices: number, random: Random) => number | null;

/** Any that may be named: of resolution 7. */
const REGION = 1;

export const ourCounts: Publish = (devices, random) =>
  noisyCounts(new Map([[REGION, devices]]), (n) => random.int(0, n - 1))[0]?.count ?? null;

export const suppressedCounts: Publish = (devices) => (devices >= FEWEST_DEVICES ? devices : null);

/** True less false positives of the best test on one count: half the distance between the two ways it falls out. */
export function membershipAdvantage(publish: Publish, others: number, draws: number, random: Random): number {
  const without = outcomes(publish, others, draws, random);
  const withOne = outcomes(publish, others + 1, draws, random);
  // Trained on one half, tested on the other: else chance alone would look like knowledge.
  const pick = [...new Set([...without.train.keys(), ...withOne.train.keys()])].filter(
    (outcome) => (withOne.train.get(outcome) ?? 0) > (without.train.get(outcome) ?? 0),
  );
  const share = (tested: Map<string, number>) =>
    pick.reduce((sum, outcome) => sum + (tested.get(outcome) ?? 0), 0) / draws;
  return share(withOne.test) - share(without.test);
}

function outcomes(publish: Publish, devices: number, draws: number, random: Random) {
  const train = new Map<string, number>();
  const test = new Map<string, number>();
  for (const half of [train, test]) {
    for (let i = 0; i < draws; i++) {
      const outcome = String(publish(devices, random));
      half.set(outcome, (half.get(outcome) ?? 0) + 1);
    }
  }
  return { train, test };
}

/** The same over several windows with the device in all of them or in none: the attacker adds the counts up. */
export function membershipOverWindows(
  publish: Publish,
  others: number,
  windows: number,
  draws: number,
  random: Random,
): number {
  const sum = (devices: number) => {
    let total = 0;
    for (let i = 0; i < windows; i++) total += publish(devices, random) ?? 0;
    return total;
  };
  const middle = windows * (others + 0.5);
  let hits = 0;
  let falseHits = 0;
  for (let i = 0; i < draws; i++) {
    if (sum(others + 1) > middle) hits++;
    if (sum(others) > middle) falseHits++;
  }
  return (hits - falseHits) / draws;
}

/** Mean relative error of published counts of `devices`; NaN if none is published. */
export function countError(publish: Publish, devices: number, draws: number, random: Random): number {
  let error = 0;
  let published = 0;
  for (let i = 0; i < draws; i++) {
    const count = publish(devices, random);
    if (count === null) continue;
    published++;
    error += Math.abs(count - devices) / devices;
  }
  return error / published;
}
