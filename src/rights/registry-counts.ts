// The registry's part about published counts. A visit can't be found by its device without the salt of its window and our key:
// by these an export finds it, and sharing/counts takes a device's visits out (`forgetVisits`) where rights end its being
// counted.
import { WINDOW_MS } from '../privacy/count-rule.ts';
import { DAY_MS, HOUR_MS } from '../time/spans.ts';
import type { TableEntry } from './registry.ts';
import { list } from './registry-list.ts';

/** Counts are out 24 hours after their window; what a gateway that stood still could not count by then is lost. */
const COUNTED_MS = WINDOW_MS + 72 * HOUR_MS;
/** A year and a month: seasons can be compared. */
const PUBLISHED_MS = 400 * DAY_MS;

const after = (ms: number, says: string) =>
  ({
    kind: 'when',
    sql: `t.window_no::int8 * ${WINDOW_MS} <= $1::int8 - ${ms}`,
    ends: `t.window_no::int8 * ${WINDOW_MS} + ${ms}`,
    says,
  }) as const;

export const COUNTS_TABLES: Readonly<Record<string, TableEntry>> = {
  visits: {
    room: 'sharing',
    what: 'regions that devices were in, in windows of six hours (numbered since 1970) that are not counted yet, under tags that die with their window',
    columns: list('window_no tag region ticks', 'pseudonymous'),
    key: ['window_no', 'tag', 'region'],
    life: after(COUNTED_MS, 'a day after its six hours, or three days where nothing could be counted'),
    endedBy: 'sweep',
    subject: { by: 'tags', column: 'tag' },
  },
  visit_salts: {
    room: 'sharing',
    what: 'what the tags of a window are made with',
    columns: { ...list('window_no', 'anonymous'), ...list('salt', 'secret') },
    key: ['window_no'],
    life: after(COUNTED_MS, 'with the visits of its window'),
    endedBy: 'sweep',
  },
  count_releases: {
    room: 'sharing',
    what: 'windows whose counts are out, and what each spent of the privacy budget',
    columns: list('window_no released_at map_version epsilon_milli', 'anonymous'),
    key: ['window_no'],
    life: after(PUBLISHED_MS, '400 days'),
    endedBy: 'sweep',
  },
  region_counts: {
    room: 'sharing',
    what: 'noisy counts of devices by region and six hours, as everybody is told',
    columns: list('window_no region count', 'anonymous'),
    key: ['window_no', 'region'],
    life: after(PUBLISHED_MS, '400 days'),
    endedBy: 'sweep',
  },
};
