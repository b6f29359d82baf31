// Times that people type. Promises: one meaning or none: ISO 8601 with a four-digit year, a day that is in the calendar, and a zone
// wherever there is a time of day (attack on oneself: 11/12/2027 is two days, 10:00 is one hour here and another there).
import { DAY_MS } from '../time/spans.ts';
import { UsageError } from './context.ts';

const DATE = /^\d{4}-\d{2}-\d{2}$/;
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})$/;

/** A time, or a date, which is its first moment in UTC, as epoch milliseconds. */
export function timeOf(text: string | undefined, name: string): number {
  const day = text?.slice(0, 10) ?? '';
  const isDay = DATE.test(day) && dayOf(day) === day;
  const ms = text !== undefined && isDay && (DATE.test(text) || TIME.test(text)) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms))
    throw new UsageError(
      `${name} must be a date, such as 2026-11-22, or a time with its zone, such as 2026-11-22T18:00Z`,
    );
  return ms;
}

/** The same where something ends: a date is its last moment, so that the day is in it. */
export function endOf(text: string | undefined, name: string): number {
  const ms = timeOf(text, name);
  return DATE.test(text!) ? ms + DAY_MS - 1 : ms;
}

/** As the calendar has it: the 30th of February is a day in March. */
function dayOf(day: string): string {
  const ms = Date.parse(`${day}T00:00Z`);
  return Number.isNaN(ms) ? '' : new Date(ms).toISOString().slice(0, 10);
}
