// What a partner asks of published counts, read from its query. Promises: pure; bounded; what makes no sense is null, and so a
// 400, before any store is asked. Areas are H3 cells and nothing else: a polygon of one's own would be a way to take one
// region apart (attack: differencing of overlapping areas).
import { isValidCell } from 'h3-js';
import { windowOf } from '../../privacy/count-rule.ts';
import { FINEST_RES, keyOfCell, resolutionOf } from '../../privacy/region-key.ts';
import type { Position, Question } from './read-store.ts';

/** The query as it came. */
export type RegionsQuery = {
  readonly from?: string;
  readonly until?: string;
  readonly parent?: string;
  readonly limit?: string;
  readonly cursor?: string;
};

const PAGE = 200;
export const MAX_PAGE = 1_000;
/** Past any region's name, and any window's number. */
const END = 2 ** 31 - 1;

/** Null where the query makes no sense. `latest` is the window that a question without times is about. */
export function readQuestion(query: RegionsQuery, latest: number): Question | null {
  const limit = query.limit === undefined ? PAGE : wholeOf(query.limit);
  const after = query.cursor === undefined ? null : positionOf(query.cursor);
  const area = query.parent === undefined ? { lowest: 0, highest: END } : areaOf(query.parent);
  // Without times a question is about one window, and goes on in the one it began with: another may have come out since.
  const times = timesOf(query, after?.window ?? latest);
  if (limit === null || limit < 1 || limit > MAX_PAGE || after === undefined || area === null || times === null)
    return null;
  return { ...times, ...area, after, limit };
}

/** ISO 8601: a day (its beginning, UTC), or a time with its zone; a `+` that nobody encoded arrives as a blank. */
const TIME = /^(\d{4}-\d\d-\d\d)(?:(T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?)(?:Z|([+\- ])(\d\d:\d\d)))?$/;

/** Milliseconds; NaN if it is none: what only some engine's parser makes sense of means something else on another machine. */
function timeOf(text: string): number {
  const parts = TIME.exec(text);
  if (parts === null) return Number.NaN;
  const [, day, time = 'T00:00', sign = '+', zone = '00:00'] = parts;
  if (!isDay(day)) return Number.NaN;
  return Date.parse(`${day}${time}${sign === '-' ? '-' : '+'}${zone}`);
}

/** False for a 30 February, of which V8 makes a day in March. */
function isDay(day: string): boolean {
  const ms = Date.parse(day);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(day);
}

/** A window counts if it begins within [from, until). */
function timesOf({ from, until }: RegionsQuery, latest: number): { from: number; until: number } | null {
  if (from === undefined && until === undefined) return { from: latest, until: latest + 1 };
  const fromMs = from === undefined ? 0 : timeOf(from);
  const untilMs = until === undefined ? null : timeOf(until);
  if (!(fromMs >= 0) || (untilMs !== null && !(untilMs > fromMs))) return null;
  // One millisecond before, then the next: a window that begins at the time itself is still to come.
  const firstAt = (ms: number) => Math.min(END, windowOf(ms - 1) + 1);
  return { from: firstAt(fromMs), until: untilMs === null ? END : firstAt(untilMs) };
}

/** The names of all regions in an H3 cell, itself included: those that differ in the digits below its resolution only. */
function areaOf(h3Cell: string): { lowest: number; highest: number } | null {
  if (!/^8[0-7][0-9a-f]{13}$/.test(h3Cell) || !isValidCell(h3Cell)) return null;
  const highest = keyOfCell(h3Cell);
  return { lowest: highest - ((1 << (3 * (FINEST_RES - resolutionOf(highest)))) - 1), highest };
}

export function cursorOf({ window, region }: Position): string {
  return `${window}.${region}`;
}

function positionOf(cursor: string): Position | undefined {
  const [, window, region] = /^(\d{1,9})\.(\d{1,9})$/.exec(cursor) ?? [];
  return window === undefined ? undefined : { window: Number(window), region: Number(region) };
}

function wholeOf(text: string): number | null {
  return /^\d{1,4}$/.test(text) ? Number(text) : null;
}
