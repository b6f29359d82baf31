import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  addMonths,
  advanceRequest,
  REQUEST_KINDS,
  type RequestEvent,
  receiveRequest,
} from '../../src/rights/request.ts';

const at = fc.integer({ min: Date.UTC(2020, 0, 1), max: Date.UTC(2040, 0, 1) });
const event: fc.Arbitrary<RequestEvent> = fc.oneof(
  fc.constantFrom<RequestEvent>({ kind: 'askProof' }, { kind: 'start' }, { kind: 'finish' }),
  fc.record({
    kind: fc.constantFrom('refuse' as const, 'extend' as const),
    reason: fc.constantFrom('', '  ', 'because'),
  }),
);

/** The machine as GDPR 12 and our own words draw it: which event leads from which state to which. */
const EDGES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  received: { askProof: 'identity', start: 'in progress', refuse: 'refused', extend: 'received' },
  identity: { start: 'in progress', refuse: 'refused', extend: 'identity' },
  'in progress': { finish: 'done', refuse: 'refused', extend: 'in progress' },
  done: {},
  refused: {},
};

test('a request goes only where the law lets it, whatever happens to it in whatever order', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...REQUEST_KINDS),
      at,
      fc.array(fc.tuple(event, fc.integer({ min: 0, max: 40 * 86_400_000 })), { maxLength: 12 }),
      (kind, start, events) => {
        let request = receiveRequest(kind, start);
        let now = start;
        for (const [one, wait] of events) {
          now += wait;
          const before = request;
          const after = advanceRequest(before, one, now);
          const needsReason = (one.kind === 'refuse' || one.kind === 'extend') && one.reason.trim() === '';
          const late = one.kind === 'extend' && (before.extendedAt !== null || now > before.dueAt);
          const to = needsReason || late ? undefined : EDGES[before.state][one.kind];
          expect(after?.state).toBe(to);
          if (after === null) continue;
          request = after;
          // Said once, kept for good.
          expect(request.receivedAt).toBe(start);
          expect(request.kind).toBe(kind);
          expect(request.endedAt !== null).toBe(request.state === 'done' || request.state === 'refused');
          expect(request.reason !== null).toBe(request.state === 'refused');
          expect(request.extension !== null).toBe(request.extendedAt !== null);
          expect(request.dueAt).toBe(addMonths(start, request.extendedAt === null ? 1 : 3));
        }
      },
    ),
  );
});

test('a request is extended once, with a reason, until the moment it is due and not after', () => {
  const received = receiveRequest('rectification', Date.UTC(2026, 10, 30, 9));
  const extend = { kind: 'extend', reason: 'we must ask the maker' } as const;
  const extended = advanceRequest(received, extend, received.dueAt);
  expect(extended).toMatchObject({ dueAt: Date.UTC(2027, 1, 28, 9), extension: extend.reason, state: 'received' });
  expect(advanceRequest(received, extend, received.dueAt + 1)).toBeNull();
  expect(advanceRequest(received, { ...extend, reason: ' ' }, received.dueAt)).toBeNull();
  expect(advanceRequest(extended!, extend, received.receivedAt + 1)).toBeNull();
});

test('a month later is the same day, or the last one of a month that is too short', () => {
  const day = (text: string, months: number) => new Date(addMonths(Date.parse(text), months)).toISOString();
  expect(day('2026-11-22T12:34:56.789Z', 1)).toBe('2026-12-22T12:34:56.789Z');
  expect(day('2026-01-31T23:59:59.999Z', 1)).toBe('2026-02-28T23:59:59.999Z');
  expect(day('2028-01-31T00:00:00.000Z', 1)).toBe('2028-02-29T00:00:00.000Z');
  expect(day('2026-11-30T01:00:00.000Z', 3)).toBe('2027-02-28T01:00:00.000Z');
  fc.assert(
    fc.property(at, fc.integer({ min: 1, max: 3 }), (start, months) => {
      const days = (addMonths(start, months) - start) / 86_400_000;
      expect(Number.isInteger(days)).toBe(true);
      expect(days).toBeGreaterThanOrEqual(28 * months);
      expect(days).toBeLessThanOrEqual(31 * months);
    }),
  );
});
