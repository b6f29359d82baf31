import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { distanceM } from '../../src/geo/distance.ts';
import { BLOCK_MS, foldStation, isBlocked, type LearntStation, unknownStation } from '../../src/stations/fold.ts';
import type { HeardKind, Sighting } from '../../src/stations/sighting.ts';
import { DAY_MS, HOUR_MS } from '../../src/time/spans.ts';
import { away, DAY_0, foldDays, HOME, sight, walkBy } from './sightings.ts';

const offM = (station: LearntStation, place: { lat: number; lon: number }) =>
  distanceM(station.believed.lat ?? 0, station.believed.lon ?? 0, place.lat, place.lon);
const placeOf = ({ believed }: LearntStation) => ({ lat: believed.lat!, lon: believed.lon! });
const answers = (station: LearntStation) => station.believed.lat !== null;
/** Two contributors on one day, one of them again on the next. */
const proof = (place: { lat: number; lon: number }, day = 0) => [
  [...walkBy(day, 1, place), ...walkBy(day, 2, place)],
  walkBy(day + 1, 3, place),
];
const FAR = away(3_000);
const later = (day: number) => DAY_0 + day * DAY_MS + 20 * HOUR_MS;
/** Set in the witness numbers of contributors by IPv6. */
const IPV6 = 2 ** 31;
const arriving = (s: Sighting, hours: number): Sighting => ({ ...s, receivedAtMs: s.receivedAtMs + hours * HOUR_MS });

describe('a station that nobody knew', () => {
  const cases: [string, Sighting[][], boolean][] = [
    ['does not answer after one sighting', [[sight(0, 1, HOME)]], false],
    ['does not answer after two contributors on one day', [[...walkBy(0, 1, HOME), ...walkBy(0, 2, HOME)]], false],
    [
      'does not answer after one contributor a day on many days, who may be one',
      [0, 1, 2, 3].map((d) => walkBy(d, d, HOME)),
      false,
    ],
    ['answers after two contributors on one day and one on another', proof(HOME), true],
    [
      'does not answer when the second day is only claimed',
      [
        [
          ...walkBy(0, 1, HOME),
          ...walkBy(0, 2, HOME),
          ...walkBy(0, 3, HOME).map((s) => ({ ...s, timeMs: s.timeMs - DAY_MS })),
        ],
      ],
      false,
    ],
    [
      'does not answer when the second day began an hour later',
      [[...walkBy(0, 1, HOME), ...walkBy(0, 2, HOME)].map((s) => arriving(s, 23)), walkBy(1, 3, HOME)],
      false,
    ],
    [
      'answers when the second day came twelve hours later',
      [[...walkBy(0, 1, HOME), ...walkBy(0, 2, HOME)].map((s) => arriving(s, 11)), walkBy(1, 3, HOME)],
      true,
    ],
    [
      'does not answer for one line with two protocols, which can not be told from two lines',
      [[...walkBy(0, 1, HOME), ...walkBy(0, 2 + IPV6, HOME)], walkBy(1, 3, HOME)],
      false,
    ],
    [
      'does not answer for somebody of whom nothing is known beside somebody known, who may be one',
      [
        [...walkBy(0, 1, HOME), ...walkBy(0, 0, HOME)],
        [...walkBy(1, 3, HOME), ...walkBy(1, 0, HOME)],
      ],
      false,
    ],
    ['answers after one trusted sighting', [[sight(0, 1, HOME, { trusted: true })]], true],
    [
      'answers after one trusted sighting beside those of somebody else',
      [[...walkBy(0, 1, HOME), sight(0, 2, HOME, { trusted: true })]],
      true,
    ],
    [
      'does not answer when its two witnesses heard it in different places',
      [[...walkBy(0, 1, HOME), ...walkBy(0, 2, FAR)], walkBy(1, 3, HOME)],
      false,
    ],
  ];
  it.each(cases)('that nobody knew %s', (_, batches, expected) => {
    expect(answers(foldDays('wifi', batches))).toBe(expected);
  });

  it.each([
    ['wifi', 74, 76],
    ['bluetooth', 24, 26],
    ['cell', 1_490, 1_510],
    ['part', 1_490, 1_510],
  ] as const)(
    'answers as %s if its two witnesses are %d m from each other, not if they are %d m',
    (kind, near, far) => {
      const heard = (day: number, apartM: number) => [sight(day, 1, HOME), sight(day, 2, away(apartM))];
      const answersBy = (apartM: number) => answers(foldDays(kind, [heard(0, apartM), heard(1, apartM)]));
      expect([near, far].map(answersBy)).toEqual([true, false]);
    },
  );

  it.each([
    ['wifi', 490, 510],
    ['bluetooth', 135, 155],
    ['cell', 55_000, 60_000],
    ['part', 48_000, 52_000],
  ] as const)(
    'answers as %s if it is proven at two places %d m from each other, not if they are %d m',
    (kind, near, far) => {
      const answersBy = (apartM: number) => answers(foldDays(kind, [...proof(HOME), ...proof(away(apartM), 2)]));
      expect([near, far].map(answersBy)).toEqual([true, false]);
    },
  );

  it.each([
    ['wifi', 100, 900, 1_100],
    ['bluetooth', 40, 280, 360],
  ] as const)(
    'answers as %s if all of a way is proven, step by step of %d m, that is %d m long, not if it is %d m',
    (kind, stepM, short, long) => {
      const along = (day: number, lengthM: number) =>
        [1, 2].flatMap((who) =>
          Array.from({ length: Math.floor(lengthM / stepM) + 1 }, (_, i) => sight(day, who, away(i * stepM))),
        );
      const answersBy = (lengthM: number) => answers(foldDays(kind, [along(0, lengthM), along(1, lengthM)]));
      expect([short, long].map(answersBy)).toEqual([true, false]);
    },
  );

  it('stands in the middle of where it was heard, with its evidence counted', () => {
    const { believed, learnt } = foldDays('wifi', proof(HOME));
    expect(distanceM(believed.lat!, believed.lon!, HOME.lat, HOME.lon)).toBeLessThan(10);
    expect(believed).toMatchObject({
      samples: 15,
      source: 'gnss',
      createdAt: DAY_0,
      lastSeenAt: DAY_0 + DAY_MS,
      blockCount: 0,
    });
    expect(believed.radiusM).toBeGreaterThan(3);
    expect(believed.radiusM).toBeLessThan(20);
    expect(learnt).toBe(true);
  });

  it.each([
    ['beyond the pole', { lat: 90.01 }],
    ['beyond the date line', { lon: -180.01 }],
    ['before there were clocks', { timeMs: 0 }],
    ['at no time', { timeMs: Number.NaN }],
    ['at the end of time', { timeMs: Number.POSITIVE_INFINITY }],
  ])('learns nothing from what was heard %s', (_, impossible) => {
    const heard = [sight(0, 1, HOME, { trusted: true, ...impossible })];
    expect(foldDays('wifi', [heard])).toEqual(unknownStation());
  });

  it('counts what differs in place, time or strength, and what is told twice once', () => {
    const one = sight(0, 1, HOME, { trusted: true });
    const others = [{ lat: one.lat + 1e-4 }, { lon: one.lon + 1e-4 }, { dbm: -71 }, { timeMs: one.timeMs - HOUR_MS }];
    const all = [one, ...others.map((other) => ({ ...one, ...other })), one];
    expect(foldDays('wifi', [all]).believed.samples).toBe(5);
    const silent = { ...one, dbm: Number.NaN };
    expect(foldDays('wifi', [[silent, one, silent]]).believed.samples).toBe(2);
  });

  it('is nearer to where it was loud than to where it was faint', () => {
    const loud = { trusted: true, dbm: -40 };
    const faint = { trusted: true, dbm: -85 };
    const batch = [
      sight(0, 0, HOME, loud),
      sight(0, 0, away(6), loud),
      sight(0, 0, away(40), faint),
      sight(0, 0, away(46), faint),
    ];
    expect(offM(foldDays('wifi', [batch]), away(3))).toBeLessThan(5);
  });

  it('notes how loud it was at most, also before it answers, and anew where it moved to', () => {
    const loudest = (batches: Sighting[][], kind: HeardKind = 'wifi') => foldDays(kind, batches).whereabouts.loudestDbm;
    expect(loudest([[sight(0, 1, HOME, { dbm: Number.NaN })]])).toBe(0);
    for (const heard of [
      [-80, Number.NaN, -71, -90],
      [-80, -71, Number.NaN],
    ])
      expect(loudest([heard.map((dbm, i) => sight(0, 1, away(i), { dbm }))])).toBe(-71);
    expect(loudest([[sight(0, 1, HOME, { dbm: -60 })], [sight(1, 0, HOME, { dbm: -75, trusted: true })]])).toBe(-60);
    for (const kind of ['bluetooth', 'cell', 'part'] as const)
      expect(loudest([[sight(0, 1, HOME, { dbm: -60 })]], kind)).toBe(0);
  });

  it('is vouched to be as loud as two heard it on each of two days, whoever heard it fainter, and by nobody who told no strength', () => {
    const vouched = (...days: number[][]) =>
      foldDays(
        'wifi',
        days.map((dbms, day) => dbms.map((dbm, who) => sight(day, 1 + who, HOME, { dbm }))),
      ).whereabouts.vouchedDbm;
    expect(vouched([-70, -70], [-60, -60])).toBe(-70);
    expect(vouched([-70, -70, -50, -50], [-60, -60])).toBe(-60);
    expect(vouched([-60, -60], [-70, -70, -50, -50])).toBe(-60);
    expect(vouched([-40, -70], [-40, -70])).toBe(-70);
    expect(vouched([-40, Number.NaN], [-40, Number.NaN])).toBe(0);
    expect(vouched([-40, -40])).toBe(0);
  });

  describe('that is heard all over a hall', () => {
    /** One who walks through the hall along a line, 100 m long, `aside` metres east of the access point in its south. */
    const cross = (day: number, who: number, aside: number) =>
      Array.from({ length: 26 }, (_, i) => {
        const awayM = Math.hypot(4 * i, aside, 1);
        return sight(day, who, away(4 * i, aside), { dbm: Math.round(-31 - 25 * Math.log10(awayM)), accuracyM: 3 });
      });
    /** Four do so each day, one of them right past it. */
    const crowd = (days: number[]) =>
      days.map((day) => [3, 25, 40, 60].flatMap((aside, who) => cross(day, who + 1, aside)));
    const northM = ({ believed }: LearntStation) => (believed.lat! - HOME.lat) * 111_195;

    it('is where two found it loud on each of two days, not in the middle of all who heard it from afar', () => {
      /** Four more who never come nearer than 40 m, with strengths or without. */
      const day = (n: number, dbm?: number) => [
        ...[3, 6].flatMap((aside, who) => cross(n, who + 1, aside)),
        ...[0, 1, 2, 3].flatMap((k) =>
          Array.from({ length: 26 }, (_, i) =>
            sight(n, 10 + k, away(40 + 4 * i, 10 * k), { dbm: dbm ?? -72, accuracyM: 3 }),
          ),
        ),
      ];
      const days = (dbm?: number) => [0, 1, 2].map((n) => day(n, dbm));
      const found = foldDays('wifi', days());
      expect(northM(found)).toBeLessThan(15);
      expect(found.whereabouts.vouchedDbm).toBe(-51);
      expect(northM(foldDays('wifi', days(Number.NaN)))).toBeLessThan(15);
    });

    it('is as loud as two vouched for on the second loudest day of them, whatever one of them says, in any order', () => {
      const vouched = (batches: Sighting[][]) => foldDays('wifi', batches).whereabouts.vouchedDbm;
      const hear = (day: number, who: number, dbm: number) => sight(day, who, HOME, { dbm });
      const days = [
        [hear(0, 1, -40), hear(0, 2, -60), hear(0, 3, -70)],
        [hear(1, 1, -30), hear(1, 2, -80), hear(1, 3, -55)],
        [hear(2, 1, -20), hear(2, 2, -90)],
      ];
      expect(vouched(days)).toBe(-60);
      expect(vouched(days.map((day) => day.toReversed()))).toBe(-60);
      expect(vouched(days.flatMap((day) => day.map((one) => [one])))).toBe(-60);
      // One day, one contributor, one whose address is unknown, or one line's two protocols vouch for nothing.
      expect(vouched([days[0]])).toBe(0);
      expect(vouched([0, 1, 2].map((day) => [hear(day, 1, -40)]))).toBe(0);
      expect(vouched([0, 1, 2].map((day) => [hear(day, 1, -40), hear(day, 0, -40)]))).toBe(0);
      expect(vouched([0, 1, 2].map((day) => [hear(day, 1, -40), hear(day, IPV6 + 1, -40)]))).toBe(0);
      expect(vouched([[sight(0, 0, HOME, { dbm: -50, trusted: true })]])).toBe(-50);
    });

    it('is led no further by one who shouts than by one who is as loud as others were', () => {
      const known = foldDays('wifi', crowd([0, 1, 2]));
      const flood = (dbm: number) =>
        [3, 4, 5, 6].map((day) => Array.from({ length: 60 }, (_, i) => sight(day, 9, away(90, 90 + (i % 5)), { dbm })));
      const { vouchedDbm } = known.whereabouts;
      expect(vouchedDbm).toBeLessThan(-55);
      const led = (dbm: number) => offM(foldDays('wifi', flood(dbm), known), placeOf(known));
      expect(led(-20)).toBeLessThan(30);
      // Sharp reports still weigh more (sighting.ts), up to the share of one contributor.
      expect(led(-20)).toBeLessThan(1.1 * led(vouchedDbm + 15));
    });

    it('is led nowhere within a day by two who say that it was louder', () => {
      const known = foldDays('wifi', crowd([0, 1, 2]));
      const flood = [7, 8].flatMap((who) =>
        Array.from({ length: 60 }, (_, i) => sight(3, who, away(90, 90 + (i % 5)), { dbm: -20 })),
      );
      const after = foldDays('wifi', [flood], known);
      expect(after.whereabouts.vouchedDbm).toBe(known.whereabouts.vouchedDbm);
      expect(offM(after, placeOf(known))).toBeLessThan(45);
    });
  });

  it('is between the streets that hear it through walls, not in the one that hears it more often, unless two were beside it there', () => {
    /** Three walk the street in front of its house each day, one the street behind, 60 m north. */
    const street = (day: number, who: number, northM: number, dbm: number) =>
      Array.from({ length: 9 }, (_, i) => sight(day, who, away(northM, 5 * (i - 4)), { dbm, accuracyM: 3 }));
    const town = (frontDbm: number) =>
      [0, 1, 2].map((day) => [
        ...[1, 2, 3].flatMap((who) => street(day, who, 0, -82)),
        ...street(day, 4, 60, -82),
        ...[1, 2].map((who) => sight(day, who, away(0, 1), { dbm: frontDbm, accuracyM: 3 })),
      ]);
    const northM = (frontDbm: number) => {
      const found = foldDays('wifi', town(frontDbm));
      expect(found.whereabouts.vouchedDbm).toBe(frontDbm);
      return (found.believed.lat! - HOME.lat) * 111_195;
    };
    const [walled, half, open] = [-80, -75, -70].map(northM);
    expect(open).toBeLessThan(5);
    expect(walled).toBeGreaterThan(2 * open);
    expect(half).toBeGreaterThan(1.1 * open);
    expect(walled).toBeGreaterThan(1.1 * half);
    const unknown = foldDays(
      'wifi',
      town(Number.NaN).map((day) => day.map((one) => ({ ...one, dbm: Number.NaN }))),
    );
    expect((unknown.believed.lat! - HOME.lat) * 111_195, 'of unknown strength').toBeLessThan(5);
  });

  it('is not pulled away by wild fixes', () => {
    const wild = [sight(0, 1, away(140), { accuracyM: 150 }), sight(0, 2, away(120, 60), { accuracyM: 120 })];
    expect(offM(foldDays('wifi', [[...proof(HOME)[0], ...wild], proof(HOME)[1]]), HOME)).toBeLessThan(10);
  });

  it('is not believed to be heard in a point where wild fixes have blurred what is kept of where it was', () => {
    // One fix in ten is up to two kilometres off; the rest are within 4 m.
    const day = (n: number) =>
      [1, 2].flatMap((who) =>
        Array.from({ length: 60 }, (_, i) => {
          const [angle, far] = [7 * i + who + n, 300 + 37 * i];
          return sight(
            n,
            who,
            i % 10 === 0 ? away(far * Math.cos(angle), far * Math.sin(angle)) : away(4 * Math.cos(i), 4 * Math.sin(i)),
          );
        }),
      );
    const { believed } = foldDays('wifi', [day(0), day(1), day(2)]);
    expect(distanceM(believed.lat!, believed.lon!, HOME.lat, HOME.lon)).toBeLessThan(15);
    expect(believed.radiusM).toBeGreaterThan(10);
    expect(believed.radiusM).toBeLessThan(60);
  });

  it('has a radius that holds 95 % of what was heard', () => {
    const ring = Array.from({ length: 100 }, (_, i) =>
      sight(0, 0, away(60 * Math.cos(i), 60 * Math.sin(i)), { trusted: true }),
    );
    const { believed } = foldDays('wifi', [ring]);
    const inside = ring.filter((s) => distanceM(s.lat, s.lon, believed.lat!, believed.lon!) <= believed.radiusM! + 12);
    expect(inside.length).toBeGreaterThanOrEqual(93);
    expect(believed.radiusM).toBeLessThan(75);
  });

  it('has a radius that reaches to where it is heard now and then', () => {
    const near = Array.from({ length: 90 }, (_, i) =>
      sight(0, 0, away(15 * Math.cos(i), 15 * Math.sin(i)), { trusted: true }),
    );
    const far = Array.from({ length: 10 }, (_, i) =>
      sight(0, 0, away(70 * Math.cos(i), 70 * Math.sin(i)), { trusted: true }),
    );
    const { believed } = foldDays('wifi', [[...near, ...far]]);
    expect(believed.radiusM).toBeGreaterThan(50);
    expect(believed.radiusM).toBeLessThan(90);
  });

  it('is where the street is that it is heard in, though two vouch for one corner of it only', () => {
    // Two a day, too far from each other to vouch for one another; the last day hangs on the others only.
    const passers = [2, 3, 4, 5, 6, 7].map((day) => [
      ...walkBy(day, 1, away(day < 7 ? 100 : 280)),
      ...walkBy(day, 2, away(60, day < 7 ? 110 : 290)),
    ]);
    const corner = foldDays('wifi', proof(HOME));
    const street = foldDays('wifi', [...proof(HOME), ...passers]);
    expect(corner.believed.radiusM).toBeLessThan(15);
    expect(street.believed.radiusM).toBeGreaterThan(70);
    expect(street.believed.radiusM).toBeLessThan(150);
    expect(offM(street, away(80, 55))).toBeLessThan(offM(corner, away(80, 55)) / 2);
  });

  it('is as wide as where it is proven to be heard, however close to its middle one contributor stays', () => {
    const wide = [0, 1].map((day) =>
      [1, 2].flatMap((who) => [-60, -30, 0, 30, 60].flatMap((northM) => walkBy(day, who, away(northM)))),
    );
    const known = foldDays('wifi', wide);
    const aside = foldDays('wifi', [Array.from({ length: 60 }, (_, i) => sight(5, 9, away(0, 80 + (i % 5))))], known);
    expect(aside.believed.radiusM).toBeGreaterThan(known.believed.radiusM! - 0.01);
  });

  it('reaches as far as cells do while it was heard from one corner only, if it is a cell', () => {
    const corner = Array.from({ length: 50 }, () => sight(0, 0, HOME, { trusted: true }));
    expect(foldDays('cell', [corner]).believed.radiusM).toBeGreaterThan(1_000);
    expect(foldDays('wifi', [corner]).believed.radiusM).toBeLessThan(10);
  });

  it('counts looks from separate blocks and days instead of reports, if it is a part of a cell', () => {
    const look = (day: number, place: typeof HOME) =>
      Array.from({ length: 50 }, (_, i) => sight(day, 0, place, { trusted: true, dbm: -50 - i }));
    const looks = [[...look(0, HOME), ...look(0, away(500))], look(1, HOME)];
    expect(foldDays('part', looks).believed.samples).toBe(3);
    expect(foldDays('cell', looks).believed.samples).toBe(150);
  });
});

describe('a station that is known', () => {
  const known = foldDays('wifi', proof(HOME));
  const table: [string, Sighting[][], { answers: boolean; at?: typeof HOME; blocks: number }][] = [
    ['stays when one contributor hears it far away', [walkBy(2, 9, FAR, 60)], { answers: true, at: HOME, blocks: 0 }],
    [
      'stays when it was heard far away by stray fixes',
      [[sight(2, 8, FAR), sight(2, 9, FAR)]],
      { answers: true, at: HOME, blocks: 0 },
    ],
    [
      'stays when many contributors hear it far away on one day, whatever days they claim',
      [[0, 1, 2, 3].flatMap((d) => walkBy(2, 8 + d, FAR, 20).map((s) => ({ ...s, timeMs: s.timeMs - d * DAY_MS })))],
      { answers: true, at: HOME, blocks: 0 },
    ],
    ['is blocked when two contributors hear it far away on two days', proof(FAR, 2), { answers: false, blocks: 1 }],
    ['learns nothing while blocked', [...proof(FAR, 2), ...proof(FAR, 4)], { answers: false, blocks: 1 }],
    [
      'is learnt anew where it is after 48 hours',
      [...proof(FAR, 2), ...proof(FAR, 7)],
      { answers: true, at: FAR, blocks: 1 },
    ],
    [
      'is blocked for good when it moves again within its first months',
      [...proof(FAR, 2), ...proof(FAR, 7), ...proof(HOME, 10), ...proof(HOME, 15), ...proof(FAR, 19)],
      { answers: false, blocks: 2 },
    ],
  ];
  it.each(table)('that is known %s', (_, batches, expected) => {
    const station = foldDays('wifi', batches, known);
    expect(answers(station)).toBe(expected.answers);
    if (expected.at !== undefined) expect(offM(station, expected.at)).toBeLessThan(15);
    expect(station.believed.blockCount).toBe(expected.blocks);
  });

  it.each([
    ['alone', false],
    ['beside another', true],
  ])('is moved by one who comes %s on a day no farther in thirty batches than in one', (_, hasCompany) => {
    const companion = hasCompany ? walkBy(4, 8, HOME) : [];
    const heard = (batch: number) => Array.from({ length: 20 }, (_, i) => sight(4, 9, away(60 + 0.1 * batch, i / 10)));
    const batches = Array.from({ length: 30 }, (_, batch) => heard(batch));
    const movedM = (all: Sighting[][]) =>
      offM(
        foldDays(
          'wifi',
          [companion, ...all].filter((b) => b.length > 0),
          known,
        ),
        HOME,
      );
    expect(movedM(batches)).toBeLessThan(movedM([heard(0)]) + 1);
  });

  it('is as wide as one hears it a link from any end of its proven ground, not from none', () => {
    const street = [0, 1].map((day) =>
      [1, 2].flatMap((who) => [0, 140].map((northM) => sight(day, who, away(northM)))),
    );
    const radiusM = (...northM: number[]) =>
      foldDays('wifi', [...street, northM.map((m) => sight(3, 9, away(m)))]).believed.radiusM!;
    const proven = foldDays('wifi', street).believed.radiusM!;
    expect(radiusM(280, 285)).toBeGreaterThan(proven + 30);
    expect(radiusM(-140, -145)).toBeGreaterThan(proven + 30);
    expect(radiusM(300, 305)).toBeLessThan(proven + 10);
  });

  it('is not blocked by a share of its hearings that stray fixes of many make up, two here and one there', () => {
    const often = (days: number) =>
      Array.from({ length: days }, (_, day) => [1, 2].flatMap((who) => walkBy(day, who, HOME)));
    const strays = [[sight(10, 3, FAR), sight(10, 4, FAR)], [sight(12, 5, FAR)]];
    // Three of ten times as many, or of thirty times.
    expect([3, 9].map((days) => answers(foldDays('wifi', [...often(days), ...strays])))).toEqual([false, true]);
  });

  it.each([350, 450])(
    'follows a move of %s m, which is within what one access point reaches, in two weeks',
    (metres) => {
      const before = Array.from({ length: 40 }, (_, day) => [...walkBy(day, 1, HOME), ...walkBy(day, 2, HOME)]);
      const moved = Array.from({ length: 14 }, (_, i) => [1, 2].flatMap((who) => walkBy(41 + i, who, away(metres))));
      const station = foldDays('wifi', [...before, ...moved]);
      expect(offM(station, away(metres))).toBeLessThan(20);
      expect(station.believed.radiusM).toBeLessThan(100);
      // A week elsewhere while it goes on to be heard at home is no move.
      const heardInBoth = moved.map((batch, i) => [...batch, ...walkBy(41 + i, 3, HOME), ...walkBy(41 + i, 4, HOME)]);
      expect(offM(foldDays('wifi', [...before, ...heardInBoth]), away(metres))).toBeGreaterThan(100);
    },
  );

  it.each([350, 450, 3_000])(
    'is not brought back, nor silenced, by one report where it stood before it moved by %s m',
    (metres) => {
      const silence = metres < 500 ? 1 : 120;
      const before = Array.from({ length: 40 }, (_, day) => [1, 2, 3, 4].flatMap((who) => walkBy(day, who, HOME)));
      const moved = Array.from({ length: 14 }, (_, i) =>
        [1, 2].flatMap((who) => walkBy(40 + silence + i, who, away(metres))),
      );
      const station = foldDays('wifi', [...before, ...moved]);
      const touched = foldDays('wifi', [[sight(60 + silence, 9, HOME)]], station);
      expect(touched.believed.blockCount).toBe(0);
      expect(offM(touched, away(metres))).toBeLessThan(20);
      expect(touched.believed.radiusM).toBeLessThan(100);
      // Two on two days are believed there again.
      const returned = foldDays('wifi', proof(HOME, 60 + silence), station);
      if (metres < 500) expect(returned.believed.radiusM).toBeGreaterThan(300);
      else expect(answers(returned)).toBe(false);
    },
  );

  it.each([350, 450, 3_000])(
    'is not widened, nor silenced, by one report at a corner where two met once before it moved by %s m',
    (metres) => {
      const silence = metres < 500 ? 1 : 120;
      const corner = away(-110);
      const before = Array.from({ length: 40 }, (_, day) => [1, 2, 3, 4].flatMap((who) => walkBy(day, who, HOME)));
      const met = [5, 6].flatMap((who) => walkBy(39, who, corner));
      const moved = Array.from({ length: 14 }, (_, i) =>
        [1, 2].flatMap((who) => walkBy(40 + silence + i, who, away(metres))),
      );
      const station = foldDays('wifi', [...before, met, ...moved]);
      const touched = foldDays('wifi', [walkBy(60 + silence, 9, corner)], station);
      expect(touched.believed.blockCount).toBe(0);
      expect(offM(touched, away(metres))).toBeLessThan(20);
      expect(touched.believed.radiusM).toBeLessThan(100);
    },
  );

  it('follows when it was last heard at the old place months before', () => {
    const station = foldDays('wifi', proof(FAR, 200), known);
    expect(station.believed.blockCount).toBe(0);
    expect(offM(station, FAR)).toBeLessThan(15);
    expect(isBlocked(station.believed, later(201))).toBe(false);
  });

  it('says nothing for 48 hours after a block, and the row says since when', () => {
    const { believed } = foldDays('wifi', proof(FAR, 2), known);
    const nothing = { lat: null, lon: null, radiusM: null, samples: null, weight: null };
    expect(believed).toMatchObject({ ...nothing, blockedAt: later(3), blockCount: 1 });
    expect(isBlocked(believed, later(3) + BLOCK_MS - 1)).toBe(true);
    expect(isBlocked(believed, later(3) + BLOCK_MS)).toBe(false);
  });

  it('may move once more for each month of its life, from the first arrival, or else from the block', () => {
    const { believed } = foldDays('wifi', proof(FAR, 2), known);
    const old = { ...believed, createdAt: believed.blockedAt! - 58 * DAY_MS };
    expect([2, 3, 4].map((blockCount) => isBlocked({ ...old, blockCount }, later(3) + BLOCK_MS))).toEqual([
      false,
      false,
      true,
    ]);
    const undated = { ...believed, createdAt: null, blockCount: 2 };
    expect([29, 30].map((days) => isBlocked(undated, believed.blockedAt! + days * DAY_MS))).toEqual([true, false]);
  });

  it('is not blocked by what an import says of when or how often alone', () => {
    const { believed } = foldDays('wifi', proof(FAR, 2), known);
    expect(isBlocked({ ...believed, blockCount: 0 }, later(3))).toBe(false);
    expect(isBlocked({ ...believed, blockedAt: null, blockCount: 9 }, later(3))).toBe(false);
  });

  it('is told to have been blocked by a full hour, and for no less than 48 of them', () => {
    const [first, second] = proof(FAR, 2);
    const suspected = foldStation('wifi', foldDays('wifi', [first], known), second, later(3) + 1_234_567);
    const { blockedAt } = suspected.believed;
    expect(blockedAt).toBe(later(3) + HOUR_MS);
    // What was heard in an hour is dated to its beginning.
    expect(isBlocked(suspected.believed, later(3) + BLOCK_MS)).toBe(true);
  });

  describe('while a clock ran ahead by a year', () => {
    const AHEAD_MS = 400 * DAY_MS;
    const ahead = (batch: readonly Sighting[]) =>
      batch.map((s) => ({ ...s, timeMs: s.timeMs + AHEAD_MS, receivedAtMs: s.receivedAtMs + AHEAD_MS }));
    const dates = ({ believed: e }: LearntStation) => [e.modifiedAt, e.lastSeenAt, e.blockedAt].map(Number);

    it.each([
      ['was heard by one', [walkBy(2, 9, HOME)]],
      ['moved, and was blocked', [[...walkBy(2, 8, FAR), ...walkBy(2, 9, FAR)], walkBy(3, 8, FAR)]],
    ])('and %s, goes on as if it had not', (_, batches) => {
      const disturbed = batches.reduce(
        (station, batch, i) => foldStation('wifi', station, ahead(batch), later(2 + i) + AHEAD_MS),
        known,
      );
      expect(Math.max(...dates(disturbed))).toBeGreaterThan(later(100));
      const station = foldDays('wifi', [...proof(FAR, 7), ...proof(FAR, 12)], disturbed);
      expect(offM(station, FAR)).toBeLessThan(15);
      expect(Math.max(...dates(station))).toBeLessThan(later(14));
    });

    it('has no loudness vouched for by two of a day to come and of the day it was', () => {
      const twice = (dbm: number) => [8, 9].map((who) => sight(2, who, HOME, { dbm }));
      const disturbed = foldStation('wifi', unknownStation(), ahead(twice(-40)), later(2) + AHEAD_MS);
      expect(disturbed.whereabouts.onceDbm).toBe(-40);
      const { vouchedDbm, onceDbm } = foldStation('wifi', disturbed, twice(-50), later(2)).whereabouts;
      expect([vouchedDbm, onceDbm]).toEqual([0, -50]);
    });

    it('does not learn what is said to arrive in days to come', () => {
      expect(foldStation('wifi', known, ahead(walkBy(2, 9, FAR)), later(2))).toEqual(known);
    });
  });

  it('is blocked when it is heard all along a line longer than any access point reaches', () => {
    const line = (day: number) =>
      [1, 2].flatMap((who) => Array.from({ length: 30 }, (_, i) => sight(day, who, away(i * 60))));
    expect(answers(foldDays('wifi', [line(3)], known))).toBe(true);
    expect(answers(foldDays('wifi', [line(3), line(4)], known))).toBe(false);
  });
});

describe('a station that was imported', () => {
  const imported = (source: 'gnss' | 'query', ageDays: number, radiusM: number | null = 100): LearntStation => {
    const station = unknownStation();
    const at = DAY_0 - ageDays * DAY_MS;
    Object.assign(station.believed, { ...FAR, radiusM, samples: 5, source, createdAt: at, modifiedAt: at });
    return station;
  };
  const seenLately = (ageDays: number | null): LearntStation => {
    const station = imported('gnss', ageDays ?? 0);
    const placed = ageDays === null ? { createdAt: null, modifiedAt: null } : {};
    Object.assign(station.believed, { ...placed, lastSeenAt: DAY_0 - 10 * DAY_MS });
    return station;
  };
  it.each<[string, LearntStation, Sighting[][], typeof HOME | null]>([
    ['keeps its position while there is no proof against it', imported('gnss', 10), [walkBy(0, 1, HOME)], FAR],
    ['is corrected by proof nearby', imported('gnss', 10), proof(away(2_800)), away(2_800)],
    ['is blocked by proof far away', imported('gnss', 10), proof(HOME), null],
    ['is blocked by it where nobody said how wide', imported('gnss', 10, null), proof(HOME), null],
    ['is replaced by proof within what was said', imported('gnss', 10, 2_600), proof(HOME), HOME],
    ['is replaced by proof far away when it is old', imported('gnss', 500), proof(HOME), HOME],
    ['is blocked by it, however long ago it was placed, when it was seen lately', seenLately(500), proof(HOME), null],
    ['is blocked by it when nobody said when it was placed', seenLately(null), proof(HOME), null],
    ['is replaced by proof far away when it is no satellite fix', imported('query', 10), proof(HOME), HOME],
  ])('that was imported %s', (_, before, batches, expected) => {
    const station = foldDays('wifi', batches, before);
    if (expected === null) expect(answers(station)).toBe(false);
    else expect(offM(station, expected)).toBeLessThan(15);
  });
});

describe('the age of a station', () => {
  it.each([
    ['was reported first', null, null, DAY_0],
    ['was imported with its date', 100, DAY_0 - 9 * DAY_MS, DAY_0 - 9 * DAY_MS],
    ['was imported without one: it is older than its first report', 100, null, null],
  ])('is that of what is known of it, if it %s', (_, radiusM, createdAt, expected) => {
    const before = unknownStation();
    if (radiusM !== null) Object.assign(before.believed, { ...HOME, radiusM, source: 'gnss', createdAt });
    const once = foldDays('cell', [[...walkBy(0, 1, HOME), ...walkBy(0, 2, HOME)]], before);
    const learnt = foldDays('cell', [[...walkBy(1, 1, HOME), ...walkBy(1, 2, HOME)]], once);
    expect(learnt.learnt).toBe(true);
    expect(foldDays('cell', [walkBy(2, 1, HOME)], learnt).believed.createdAt).toBe(expected);
  });

  it('is not that of the first report where an import knew of it, though not where it stands', () => {
    const before = unknownStation();
    Object.assign(before.believed, { modifiedAt: DAY_0 - 9 * DAY_MS });
    expect(foldDays('cell', proof(HOME), before).believed).toMatchObject({ createdAt: null, source: 'gnss' });
  });
});

describe('a position that was imported over a learnt one', () => {
  /** As learnt and published, then imported on day 5 where `place` is. */
  const importedAt = (place: typeof HOME): LearntStation => {
    const learnt = foldDays('wifi', proof(HOME));
    const publishedAt = learnt.believed.modifiedAt;
    return { ...learnt, publishedAt, believed: { ...learnt.believed, ...place, modifiedAt: DAY_0 + 5 * DAY_MS } };
  };

  it.each([
    ['where it is now', FAR],
    ['where it was', HOME],
    ['elsewhere', away(-4_000)],
  ])('stays when one contributor hears the station %s', (_, where) => {
    const station = foldDays('wifi', [walkBy(6, 9, where)], importedAt(FAR));
    expect(offM(station, FAR)).toBe(0);
    expect(station.believed).toMatchObject({ blockCount: 0, modifiedAt: DAY_0 + 5 * DAY_MS });
  });

  it('is told from one that the fold wrote itself, which a proven move overrules at once', () => {
    /** Each fold's own row, as it was written, or so much later by somebody else. */
    const follow = (touchMs: number) => {
      let station = foldDays('wifi', proof(HOME));
      for (const batch of proof(FAR, 200)) {
        const publishedAt = station.believed.modifiedAt!;
        const believed = { ...station.believed, modifiedAt: publishedAt + touchMs };
        station = foldDays('wifi', [batch], { ...station, publishedAt, believed });
      }
      return station;
    };
    expect(offM(follow(0), FAR)).toBeLessThan(15);
    expect([answers(follow(1)), follow(1).believed.blockCount]).toEqual([false, 1]);
  });

  it('stays when one hears the station that was blocked when it was imported', () => {
    const blocked = foldDays('wifi', [...proof(HOME), ...proof(FAR, 2)]);
    const modifiedAt = later(8);
    const believed = { ...blocked.believed, ...FAR, radiusM: 100, source: 'gnss' as const, modifiedAt };
    const station = { ...blocked, believed, publishedAt: blocked.believed.modifiedAt };
    // The block is over, and what was heard before it forgotten, before anybody hears it again.
    for (const before of [station, { ...station, whereabouts: unknownStation().whereabouts }])
      expect(foldDays('wifi', [walkBy(9, 9, HOME)], before).believed).toMatchObject({ ...FAR, modifiedAt });
  });

  it('yields to proof like any import, and what was learnt near it goes on', () => {
    expect(answers(foldDays('wifi', proof(HOME, 6), importedAt(FAR)))).toBe(false);
    expect(offM(foldDays('wifi', proof(away(2_900), 6), importedAt(FAR)), away(2_900))).toBeLessThan(15);
    expect(offM(foldDays('wifi', [walkBy(6, 9, HOME)], importedAt(away(100))), HOME)).toBeLessThan(15);
  });
});

describe('a cell', () => {
  it.each([
    ['of two villages 30 km from each other', (i: number) => (i % 2 === 0 ? 15_000 : -15_000)],
    ['of a road of 60 km', (i: number) => -30_000 + ((i * 7) % 60) * 1_000],
  ])('%s is one mast, however few pass by', (_, northOf) => {
    let station = unknownStation();
    const drives = (day: number) =>
      [1, 2, 3].flatMap((who) =>
        Array.from({ length: 20 }, (_, i) =>
          sight(day, who, away(northOf(i + who + day) + (i % 5) * 50), { dbm: -90 }),
        ),
      );
    for (let day = 0; day < 20; day++) {
      station = foldStation('cell', station, drives(day), later(day));
      expect(station.believed.blockCount).toBe(0);
      if (day > 0) expect(offM(station, HOME)).toBeLessThan(16_000);
      // Both ends are within it.
      if (day > 2)
        for (const end of [0, 1])
          expect(offM(station, away(northOf(end)))).toBeLessThan(1.2 * (station.believed.radiusM ?? 0));
    }
  });

  it('heard 150 km from where it is is two', () => {
    const station = foldDays('cell', [...proof(HOME), ...proof(away(150_000), 2)]);
    expect([answers(station), station.believed.blockCount]).toEqual([false, 1]);
  });
});

describe('the life of a station', () => {
  it('begins when the first report of it arrived, whatever that claims, so that a lie lifts no block', () => {
    const since = (s: Sighting): Sighting => ({ ...s, timeMs: s.timeMs - 80 * DAY_MS });
    const known = foldDays('wifi', [walkBy(0, 1, HOME).map(since)]);
    expect(known.believed.createdAt).toBe(DAY_0);
    const moves = [...proof(HOME, 1), ...proof(FAR, 4), ...proof(FAR, 9), ...proof(HOME, 12)];
    const blocked = foldDays('wifi', moves);
    expect(isBlocked(blocked.believed, later(18))).toBe(true);
    expect(isBlocked(foldDays('wifi', [walkBy(17, 9, HOME).map(since)], blocked).believed, later(18))).toBe(true);
  });
});

const place = fc.record({
  north: fc.double({ min: -80, max: 80, noNaN: true }),
  east: fc.double({ min: -80, max: 80, noNaN: true }),
});
const sighting = fc
  .record({
    place,
    day: fc.integer({ min: 0, max: 5 }),
    who: fc.integer({ min: 1, max: 5 }),
    dbm: fc.integer({ min: -95, max: -30 }),
  })
  .map(({ place: p, day, who, dbm }) => sight(day, who, away(p.north, p.east), { dbm }));
const anyNumber = fc.oneof(fc.double(), fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, 0, -1));

describe('whatever is reported', () => {
  it('gives the same station in any order of one batch', () => {
    fc.assert(
      fc.property(fc.array(sighting, { minLength: 1, maxLength: 60 }), fc.integer(), (batch, seed) => {
        const shuffled = batch
          .map((s, i) => ({ s, key: Math.imul(i + 1, seed | 1) }))
          .sort((a, b) => a.key - b.key)
          .map(({ s }) => s);
        expect(foldStation('wifi', unknownStation(), shuffled, DAY_0 + 6 * DAY_MS)).toEqual(
          foldStation('wifi', unknownStation(), batch, DAY_0 + 6 * DAY_MS),
        );
      }),
      { numRuns: 200 },
    );
  });

  it('gives the same place in one batch as in many, within a metre', () => {
    fc.assert(
      fc.property(fc.array(sighting, { minLength: 1, maxLength: 60 }), (all) => {
        const days = [0, 1, 2, 3, 4, 5]
          .map((d) => all.filter((s) => s.timeMs === DAY_0 + d * DAY_MS))
          .filter((b) => b.length > 0);
        const once = foldStation('wifi', unknownStation(), all, DAY_0 + 6 * DAY_MS);
        const often = foldDays('wifi', days);
        expect(answers(often)).toBe(answers(once));
        if (!answers(once)) return;
        expect(
          distanceM(once.believed.lat!, once.believed.lon!, often.believed.lat!, often.believed.lon!),
        ).toBeLessThan(1);
        expect(often.believed.samples).toBe(once.believed.samples);
      }),
      { numRuns: 200 },
    );
  });

  it('counts what is repeated in a batch once', () => {
    fc.assert(
      fc.property(fc.array(sighting, { minLength: 1, maxLength: 30 }), (batch) => {
        const now = DAY_0 + 6 * DAY_MS;
        expect(foldStation('wifi', unknownStation(), [...batch, ...batch], now)).toEqual(
          foldStation('wifi', unknownStation(), batch, now),
        );
      }),
      { numRuns: 100 },
    );
  });

  it('leaves the state it was given as it was', () => {
    const before = foldDays('wifi', proof(HOME));
    const copy = structuredClone(before);
    foldDays('wifi', [walkBy(2, 8, FAR), walkBy(3, 8, HOME)], before);
    expect(before).toEqual(copy);
  });

  it('never makes a number that is none, nor more tiles than fit', () => {
    const wild = fc.record({
      lat: anyNumber,
      lon: anyNumber,
      accuracyM: fc.oneof(fc.double({ min: 0.1, max: 1_000 }), fc.constant(Number.NaN)),
      speedMps: fc.oneof(fc.double({ min: 0, max: 50 }), fc.constant(Number.NaN)),
      gapMs: fc.oneof(fc.integer({ min: -30_000, max: 30_000 }), fc.constant(Number.NaN)),
      dbm: fc.oneof(fc.integer({ min: -127, max: -1 }), fc.constant(Number.NaN)),
    });
    const real = fc.record({
      lat: fc.double({ min: -90, max: 90, noNaN: true }),
      lon: fc.double({ min: -180, max: 180, noNaN: true }),
    });
    const some = fc
      .tuple(fc.integer({ min: 0, max: 3 }), fc.oneof(wild, real))
      .map(([day, fields]) => sight(day, day, HOME, { ...fields, trusted: true }));
    fc.assert(
      fc.property(
        fc.array(some, { maxLength: 60 }),
        fc.constantFrom('wifi', 'bluetooth', 'cell', 'part'),
        (batch, kind) => {
          const { believed, whereabouts } = foldStation(kind, unknownStation(), batch, DAY_0 + 6 * DAY_MS);
          for (const value of Object.values(believed)) expect(Number.isNaN(value)).toBe(false);
          for (const tile of whereabouts.tiles) {
            for (const value of Object.values(tile)) expect(Number.isFinite(value)).toBe(true);
          }
          expect(whereabouts.tiles.length).toBeLessThanOrEqual(24);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('one contributor', () => {
  // On one day one tag; the tags of different days can't be compared, so that an attacker has a new one each day.
  const attack = fc.array(
    fc.record({
      day: fc.integer({ min: 2, max: 20 }),
      north: fc.integer({ min: -5_000, max: 5_000 }),
      east: fc.integer({ min: -5_000, max: 5_000 }),
      dbm: fc.integer({ min: -90, max: -20 }),
    }),
    { minLength: 1, maxLength: 300 },
  );
  const reports = (all: { day: number; north: number; east: number; dbm: number }[]) => {
    const days = new Map<number, Sighting[]>();
    for (const a of all)
      days.set(a.day, [
        ...(days.get(a.day) ?? []),
        sight(a.day, 1_000 + a.day, away(a.north, a.east), { dbm: a.dbm, accuracyM: 1 }),
      ]);
    return [...days].sort(([a], [b]) => a - b).map(([, batch]) => batch);
  };

  it('makes no station answer, with any number of reports on any number of days', () => {
    fc.assert(
      fc.property(attack, (all) => {
        expect(answers(foldDays('wifi', reports(all)))).toBe(false);
      }),
      { numRuns: 100 },
    );
  });

  it('neither blocks nor moves a station that answers, nor widens it to more than the next street', () => {
    const known = foldDays('wifi', proof(HOME));
    fc.assert(
      fc.property(attack, (all) => {
        const station = foldDays('wifi', reports(all), known);
        expect(answers(station)).toBe(true);
        expect(offM(station, HOME)).toBeLessThan(150);
        expect(station.believed.radiusM).toBeLessThan(250);
      }),
      { numRuns: 100 },
    );
  });

  it.each([20, 40, 60, 80, 100])(
    'shifts a station by a few metres with thousands of reports a day, for a month, %i m off',
    (northM) => {
      const crowd = [0, 1, 2].map((d) => [1, 2, 3].flatMap((who) => walkBy(d, who, HOME, 10)));
      const known = foldDays('wifi', crowd);
      const flood = (day: number) =>
        Array.from({ length: 500 }, (_, i) =>
          sight(day, 90 + day, away(northM + (i % 10), i % 7), { dbm: -30, accuracyM: 1 }),
        );
      // Begun on the day after the crowd, when its witnesses still vouch for the street.
      const station = foldDays(
        'wifi',
        Array.from({ length: 30 }, (_, i) => flood(3 + i)),
        known,
      );
      expect(answers(station)).toBe(true);
      expect(offM(station, HOME)).toBeLessThan(12);
    },
  );

  it('counts as little more than a passer-by, however loud, on days on which others pass by', () => {
    const days = (loud: number) =>
      [0, 1, 2, 3, 4, 5, 6].map((d) => [
        ...[1, 2, 3].flatMap((who) => (d < 3 || who === 1 ? walkBy(d, who, HOME, 10) : [])),
        ...(d < 3
          ? []
          : Array.from({ length: 300 }, (_, i) =>
              sight(d, 90 + d, away(70, i % 7), { dbm: -90 + loud, accuracyM: 1 }),
            )),
      ]);
    expect(offM(foldDays('wifi', days(60)), HOME)).toBeLessThan(20);
  });

  it('shifts a station by less than half the way with a flood on a day on which others vouch for the street', () => {
    const crowd = [0, 1, 2].flatMap((d) => [walkBy(d, 1, HOME, 10), walkBy(d, 2, HOME, 10), walkBy(d, 3, HOME, 10)]);
    const flood = Array.from({ length: 500 }, (_, i) =>
      sight(3, 9, away(60 + (i % 10), i), { dbm: -30, accuracyM: 1 }),
    );
    const station = foldDays('wifi', [
      ...crowd,
      [...walkBy(3, 1, HOME, 10), ...flood.map((s) => ({ ...s, lon: HOME.lon }))],
    ]);
    expect(offM(station, HOME)).toBeLessThan(25);
  });

  it('can not lead a station away by a chain of steps, each close to the last', () => {
    const known = foldDays('wifi', proof(HOME));
    const steps = Array.from({ length: 40 }, (_, i) => walkBy(3 + i, 50 + i, away(20 * i), 20));
    const station = foldDays('wifi', steps, known);
    expect(answers(station)).toBe(true);
    expect(offM(station, HOME)).toBeLessThan(15);
    expect(station.believed.blockCount).toBe(0);
  });
});

describe('k contributors who plot', () => {
  it('need two on one day and another day to invent a station, and as much to block one: what the rule costs them', () => {
    expect(answers(foldDays('wifi', proof(FAR)))).toBe(true);
    const known = foldDays('wifi', proof(HOME));
    expect(answers(foldDays('wifi', proof(FAR, 3), known))).toBe(false);
  });

  it('do neither within a day, however many they are and whatever they claim; in that day they move it by a street at most', () => {
    const crowd = [0, 1, 2].map((d) => [1, 2, 3].flatMap((who) => walkBy(d, who, HOME, 10)));
    const known = foldDays('wifi', crowd);
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            who: fc.integer({ min: 1, max: 12 }),
            ago: fc.integer({ min: 0, max: 80 }),
            north: fc.integer({ min: -900, max: 900 }),
            dbm: fc.integer({ min: -90, max: -20 }),
          }),
          { minLength: 10, maxLength: 200 },
        ),
        (all) => {
          const batch = all.map(({ who, ago, north, dbm }) => {
            const s = sight(3, 100 + who, away(north), { dbm, accuracyM: 1 });
            return { ...s, timeMs: s.timeMs - ago * DAY_MS };
          });
          expect(answers(foldDays('wifi', [batch]))).toBe(false);
          const station = foldStation('wifi', known, batch, later(3));
          expect(answers(station)).toBe(true);
          expect(offM(station, HOME)).toBeLessThan(100);
        },
      ),
      { numRuns: 200 },
    );
  });
});
