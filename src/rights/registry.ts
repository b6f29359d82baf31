// The one registry of what is kept: every table of the store with the room that keeps it, what each column is in the sense of
// data protection, how the rows about one device are found, and how long a row may stay. Export, erasure, sweep and the
// record of processing are made from it, and a test compares it with the store: a table or column that is not here fails
// the build, so that nobody can keep something about people that nobody answers for. Promises: pure data.

import { HOUR_MS } from '../time/spans.ts';
import { COUNTS_TABLES } from './registry-counts.ts';
import { EVIDENCE_TABLES } from './registry-evidence.ts';
import { MAP_TABLES } from './registry-map.ts';
import { PEOPLE_TABLES } from './registry-people.ts';

/** From least to most strict; what is combined takes the strictest (privacy.md D3). */
const DATA_CLASSES = ['anonymous', 'pseudonymous', 'personal'] as const;
export type DataClass = (typeof DATA_CLASSES)[number];

/**
 * What a column is. `sealed` is personal and encrypted under the key of its device (or complaint); `secret` is key material
 * or a hash that proves something: personal in law, but shown to nobody, its owner included.
 */
export type ColumnClass = DataClass | 'sealed' | 'secret';

/**
 * How rows about a device are found: by its id, by its pseudonym in the ledger, by hashes of its tokens, or by the tags of counts, which
 * take a key that is not in the store.
 */
export type SubjectColumn = { readonly by: 'device' | 'ledger' | 'handles' | 'tags'; readonly column: string };

/** How long a row stays. Times are epoch milliseconds unless said otherwise. */
type Life =
  /** Over when the time in the column is. */
  | { readonly kind: 'until'; readonly column: string }
  /** Over so long after the time in the column; a null has not begun to count. */
  | { readonly kind: 'after'; readonly column: string; readonly ttlMs: number }
  /** Over so many UTC days after the day number in the column. */
  | { readonly kind: 'days'; readonly column: string; readonly days: number }
  /** Over when this SQL is true of the row `t`; `$1` is now. `ends`: the same as a time, where the row and its neighbours tell it. */
  | { readonly kind: 'when'; readonly sql: string; readonly says: string; readonly ends?: string }
  /** Not bounded by time, and why that is right. */
  | { readonly kind: 'lasts'; readonly because: string };

export type TableEntry = {
  /** The room that answers for it. */
  readonly room: string;
  readonly what: string;
  readonly columns: Readonly<Record<string, ColumnClass>>;
  /** Primary key, in its order. */
  readonly key: readonly string[];
  readonly life: Life;
  /** What ends rows: the general sweep, or the job that must do more than delete. */
  readonly endedBy: 'sweep' | 'erasure' | 'own job' | 'nothing';
  /** Absent: no row is about one device. */
  readonly subject?: SubjectColumn;
  /** Rows about a device stay after its erasure, and why that is right. */
  readonly survivesErasure?: string;
};

export const REGISTRY: Readonly<Record<string, TableEntry>> = {
  ...MAP_TABLES,
  ...PEOPLE_TABLES,
  ...COUNTS_TABLES,
  ...EVIDENCE_TABLES,
};

/** The class of a table: the strictest of its columns. */
export function classOf(entry: TableEntry): DataClass {
  const classes = Object.values(entry.columns);
  if (classes.some((one) => one === 'personal' || one === 'sealed' || one === 'secret')) return 'personal';
  return classes.includes('pseudonymous') ? 'pseudonymous' : 'anonymous';
}

/** SQL that is true of rows `t` whose time is over, with now as `$1`; null if time never ends them. */
export function overdueSql({ life }: TableEntry): string | null {
  switch (life.kind) {
    case 'until':
      return `t.${life.column} <= $1::int8`;
    case 'after':
      return `t.${life.column} <= $1::int8 - ${life.ttlMs}`;
    case 'days':
      return `t.${life.column} < $1::int8 / 86400000 - ${life.days}`;
    case 'when':
      return `(${life.sql})`;
    case 'lasts':
      return null;
  }
}

/** SQL that is true of rows `t` of a table whose time is not over at `now` (a parameter): what everybody who asks may still see, swept or not. */
export function inTimeSql(table: string, now: string): string {
  const overdue = overdueSql(REGISTRY[table]);
  return overdue === null ? 'true' : `(${overdue.replaceAll('$1', now)}) is not true`;
}

/** When a row is over, as SQL in epoch milliseconds; null if it can't be said for one row alone. */
export function endsAtSql({ life }: TableEntry): string | null {
  if (life.kind === 'until') return `t.${life.column}`;
  if (life.kind === 'after') return `t.${life.column} + ${life.ttlMs}`;
  if (life.kind === 'when') return life.ends ?? null;
  return life.kind === 'days' ? `(t.${life.column} + ${life.days + 1}) * 86400000::int8` : null;
}

/** The rule in words, for exports and the record of processing. */
export function describeLife({ life }: TableEntry): string {
  switch (life.kind) {
    case 'until':
      return `until its ${life.column}`;
    case 'after':
      return `${duration(life.ttlMs)} after its ${life.column}`;
    case 'days':
      return `${life.days === 1 ? 'a day' : `${life.days} days`} after its ${life.column}`;
    case 'when':
      return life.says;
    case 'lasts':
      return life.because;
  }
}

function duration(ms: number): string {
  const hours = ms / HOUR_MS;
  return hours <= 72 ? `${hours} hours` : `${hours / 24} days`;
}
