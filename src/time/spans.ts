// Spans of time in milliseconds, as epoch times and time-outs count them. A day is a day of UTC: it has no leap second.
export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;
/** Of 365 days: periods of law and of evidence are whole years, never a calendar's. */
export const YEAR_MS = 365 * DAY_MS;
