// A10 over HTTP against the real app: access points are not told to who enumerates them.
import { expect, test } from 'vitest';
import { enumerate } from '../../bench/privacy/attack-enumeration.ts';
import { createRandom } from '../../fixtures/random.ts';

test('guesses, pairings, movers and a dragnet over a city teach an attacker no access point, answers tell of no other, and a budget ends a search', async () => {
  const found = await enumerate(createRandom(1), 200, 5);
  expect(found).toMatchObject({ guessedPerMillion: 0, givenAway: 0, otherFields: 0, dragnetOne: 0, dragnetTwo: 0 });
  // A search of the whole city finds every target, a phone's strays of a day end it after a third.
  expect(found.pairsFound).toBe(1);
  expect(found.foundByToken).toBeLessThan(0.7);
});
