import { describe, expect, test } from 'vitest';
import { currentPolicy, noticesOf, type PolicyVersion } from '../../src/policy/versions.ts';

function version(name: string, publishedAt: number, effectiveAt: number): PolicyVersion {
  return { version: name, publishedAt, effectiveAt, material: true, widens: ['precision'], texts: [] };
}
/** Published on day 10, in force from day 40. */
const ANNOUNCED = [version('first', 0, 0), version('announced', 10, 40)];

describe('the version in force', () => {
  test.each([
    [-1, undefined],
    [0, 'first'],
    [39, 'first'],
    [40, 'announced'],
    [1_000, 'announced'],
  ])('on day %i is %s', (now, name) => {
    expect(currentPolicy(ANNOUNCED, now)?.version).toBe(name);
    expect(currentPolicy([...ANNOUNCED].reverse(), now)?.version).toBe(name);
  });
});

describe('a phone', () => {
  const shownTo = (registeredAt: number, now: number) =>
    noticesOf(ANNOUNCED, [], registeredAt, now).fresh.map((one) => one.version);

  test.each([
    ['a version published after it registered, from that day on', 5, 10, ['announced']],
    ['nothing of it before', 5, 9, []],
    ['a version published on the day it registered', 10, 10, ['announced']],
    [
      'one that was announced before it registered and takes effect after, for what it agrees to ends then',
      39,
      39,
      ['announced'],
    ],
    ['nothing of the version that was in force when it registered', 40, 50, []],
  ])('is told of %s', (_what, registeredAt, now, names) => {
    expect(shownTo(registeredAt, now)).toEqual(names);
  });

  test('is told of a version once, with when that was', () => {
    const told = [{ version: 'announced', at: 12 }];
    const { shown, fresh } = noticesOf(ANNOUNCED, told, 5, 50);
    expect(fresh).toEqual([]);
    expect(shown).toEqual([
      {
        ...{ version: 'announced', material: true, url: '/v1/policies/announced' },
        ...{ effectiveAt: new Date(40).toISOString(), firstShownAt: new Date(12).toISOString() },
      },
    ]);
    expect(noticesOf(ANNOUNCED, [], 5, 50).shown).toMatchObject([{ firstShownAt: new Date(50).toISOString() }]);
  });
});
