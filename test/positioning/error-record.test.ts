import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ERROR_CLASSES, kinOf } from '../../src/positioning/calibration.ts';
import { decodeErrorRecord, encodeErrorRecord } from '../../src/positioning/error-bytes.ts';
import {
  beginDay,
  CORRECTION,
  countError,
  createErrorRecord,
  type ErrorRecord,
  FLEET,
  MOST_HANDS,
  MOST_OF_ONE,
} from '../../src/positioning/error-record.ts';

const CLASS = 7;
/** Set in the tags of contributors by IPv6. */
const IPV6 = 2 ** 31;
/** Ratios of errors that are Rayleigh's, with 95 % under `r95`: what an honest circle times r95 would give. */
const ratio = (i: number, r95: number) => r95 * Math.sqrt(Math.log(1 - ((i * 0.618034) % 1)) / Math.log(0.05));

/** A day of reports: `tags`, each with 40 answers whose true circle is `r95` times what was believed. */
function addDay(record: ErrorRecord, day: number, tags: readonly number[], r95: number, errorClass = CLASS): void {
  beginDay(record, day);
  for (const tag of tags) {
    for (let i = 1; i <= 40; i++) {
      countError(record, tag, errorClass, ratio(day * 1_000 + tag * 50 + i, r95), (i * 2_654_435_769) % 2 ** 32);
    }
  }
}
const crowd = (n: number, from = 1) => Array.from({ length: n }, (_, i) => from + i);

/** The record after `days` days of the same. */
function recordOf(days: number, tags: readonly number[], r95: number): ErrorRecord {
  const record = createErrorRecord();
  for (let day = 1; day <= days; day++) addDay(record, day, tags, r95);
  beginDay(record, days + 1);
  return record;
}

describe('circles', () => {
  test('stay as they are while nothing is known', () => {
    expect([...createErrorRecord().corrections]).toEqual(Array(ERROR_CLASSES).fill(1));
  });

  test.each([
    [0.7, 0.7, 0.8],
    [1, 0.95, 1.05],
    [1.4, 1.25, 1.4],
    [0.1, CORRECTION.least, CORRECTION.least],
    [5, CORRECTION.most, CORRECTION.most],
  ])('whose truth is %f times as wide become so, cautiously and within limits', (r95, least, most) => {
    const { corrections } = recordOf(40, crowd(20), r95);
    expect(corrections[CLASS]).toBeGreaterThanOrEqual(Math.fround(least));
    expect(corrections[CLASS]).toBeLessThanOrEqual(Math.fround(most));
  });

  test('of a class nobody reported go along with those of its kin, and no others', () => {
    const { corrections } = recordOf(40, crowd(20), 0.7);
    for (let c = 0; c < ERROR_CLASSES; c++) {
      if (kinOf(c) === kinOf(CLASS)) expect(corrections[c]).toBe(corrections[CLASS]);
      else expect(corrections[c]).toBe(1);
    }
  });

  test('of a class whose own answers contradict its kin go by those', () => {
    const other = CLASS + 1;
    expect(kinOf(other)).toBe(kinOf(CLASS));
    const record = createErrorRecord();
    for (let day = 1; day <= 20; day++) {
      beginDay(record, day);
      for (const tag of crowd(40)) {
        for (let i = 0; i < 6; i++) countError(record, tag, CLASS, 0.7, 0);
        countError(record, tag, other, 1.3, 0);
      }
    }
    beginDay(record, 21);
    expect(record.corrections[CLASS]).toBeLessThan(0.8);
    expect(record.corrections[other]).toBeGreaterThan(1.2);
  });

  test('grow by three tenths a day at most and shrink by one, whatever is reported', () => {
    const record = createErrorRecord();
    let before = 1;
    for (let day = 1; day <= 12; day++) {
      addDay(record, day, crowd(MOST_HANDS), day < 6 ? 9 : 0.01);
      const now = record.corrections[CLASS];
      expect(now / before).toBeLessThanOrEqual(CORRECTION.wider + 1e-6);
      expect(before / now).toBeLessThanOrEqual(CORRECTION.narrower + 1e-6);
      before = now;
    }
  });
});

describe('what is not believed', () => {
  test.each<[string, number[]]>([
    ['one contributor', [1]],
    ['one line with two protocols', [1, 1 + IPV6]],
    ['one contributor and somebody who may be the same', [0, 1]],
  ])('%s, however often and however many days', (_, tags) => {
    const record = recordOf(60, tags, 9);
    expect([...record.corrections]).toEqual(Array(ERROR_CLASSES).fill(1));
    expect(record.kept.every((n) => n === 0)).toBe(true);
  });

  test('a crowd of one day only; a fleet needs no second', () => {
    expect(recordOf(1, crowd(50), 9).corrections[CLASS]).toBe(1);
    expect(recordOf(2, crowd(50), 9).corrections[CLASS]).toBeGreaterThan(1);
    expect(recordOf(1, [FLEET], 9).corrections[CLASS]).toBeGreaterThan(1);
  });

  test('a few answers, however near: circles become no narrower by them, but wider', () => {
    const few = (r95: number) => {
      const record = createErrorRecord();
      for (let day = 1; day <= 3; day++) {
        beginDay(record, day);
        for (const tag of crowd(5)) for (let i = 0; i < 4; i++) countError(record, tag, CLASS, r95, 0);
      }
      beginDay(record, 4);
      return record.corrections[CLASS];
    };
    expect(few(0.5)).toBe(1);
    expect(few(1.4)).toBeGreaterThan(1.3);
  });

  test('one liar among thirty, and one in ten who claims to be right where it is', () => {
    const honest = createErrorRecord();
    const lied = createErrorRecord();
    const flattered = createErrorRecord();
    for (let day = 1; day <= 30; day++) {
      for (const record of [honest, lied, flattered]) addDay(record, day, crowd(30), 1);
      addDay(lied, day, [99], 9);
      addDay(flattered, day, [97, 98, 99], 0.01);
    }
    for (const record of [honest, lied, flattered]) beginDay(record, 31);
    expect(lied.corrections[CLASS]).toBeLessThan(1.25);
    expect(flattered.corrections[CLASS]).toBeGreaterThan(0.9);
  });

  test('one liar who gives more than a sample where the others give one answer each', () => {
    const wide = createErrorRecord();
    const narrow = createErrorRecord();
    for (let day = 1; day <= 30; day++) {
      for (const [record, liars, lie] of [
        [wide, [99], 9],
        [narrow, [98, 99], 0.01],
      ] as const) {
        addDay(record, day, liars, lie);
        for (const tag of crowd(20)) countError(record, tag, CLASS, ratio(day * 1_000 + tag * 50, 1), tag);
      }
    }
    for (const record of [wide, narrow]) beginDay(record, 31);
    expect(wide.corrections[CLASS]).toBeLessThan(1.5);
    expect(narrow.corrections[CLASS]).toBeGreaterThan(0.97);
  });

  test('wild fixes of one in twelve, where all other answers are as near as circles say', () => {
    const record = createErrorRecord();
    for (let day = 1; day <= 30; day++) {
      addDay(record, day, crowd(33), 1);
      addDay(record, day, crowd(3, 101), 9);
    }
    beginDay(record, 31);
    expect(record.corrections[CLASS]).toBeLessThan(1.45);
    expect(recordOf(30, crowd(5), 9).corrections[CLASS]).toBe(Math.fround(CORRECTION.most));
  });

  test('more of a contributor than a sample, spread over what it sent', () => {
    const record = createErrorRecord();
    beginDay(record, 1);
    for (let i = 0; i < 5_000; i++) countError(record, 1, i % ERROR_CLASSES, 1, (i * 2_654_435_769) % 2 ** 32);
    expect(record.hands[0].sample).toHaveLength(MOST_OF_ONE);
    expect(record.hands[0].seen).toBe(5_000);
    for (let tag = 2; tag < 1_000; tag++) countError(record, tag, 0, 1, 0);
    expect(record.hands).toHaveLength(MOST_HANDS);
  });

  test('numbers that are none, and a day that is over', () => {
    const record = recordOf(2, crowd(3), 1);
    countError(record, 1, CLASS, Number.NaN, 0);
    expect(record.hands).toEqual([]);
    expect(beginDay(record, 1)).toBe(false);
    expect(record.day).toBe(3);
  });
});

test('tags of contributors are gone when their day is over', () => {
  const record = createErrorRecord();
  addDay(record, 1, crowd(5, 1_000), 1);
  expect(record.hands).toHaveLength(5);
  beginDay(record, 2);
  expect(record.hands).toEqual([]);
});

test('a record comes back from its bytes as it went in; cut, longer, changed or newer bytes are refused', () => {
  const record = recordOf(9, [...crowd(20), IPV6 + 5, FLEET], 1.2);
  addDay(record, 10, [...crowd(3), FLEET], 1.1);
  const bytes = encodeErrorRecord(record);
  expect(decodeErrorRecord(bytes)).toEqual(record);
  expect(bytes.length).toBeLessThan(4_000);
  for (let length = 0; length < bytes.length; length += 7) {
    expect(() => decodeErrorRecord(bytes.subarray(0, length))).toThrow(RangeError);
  }
  expect(() => decodeErrorRecord(Buffer.concat([bytes, Buffer.alloc(1)]))).toThrow(RangeError);
  expect(() => decodeErrorRecord(Buffer.from([1, ...bytes.subarray(1)]))).toThrow(RangeError);
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, value) => {
      const changed = Buffer.from(bytes);
      changed[at] = value;
      try {
        decodeErrorRecord(changed);
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
      }
    }),
    { numRuns: 500 },
  );
});
