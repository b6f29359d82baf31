// Numbers that somebody outside the code holds us to: the policy's readers, and stores that were filled before. Written out
// here, because tests that take them from the code would follow any change of them.
import { expect, test } from 'vitest';
import { AGE_BANDS, FLAG, IDLE_DAYS, SOURCE } from '../../src/devices/device-contract.ts';
import { ROTATION_MS, TOKEN_TTL_MS } from '../../src/devices/store.ts';
import { KIND, PRECISION } from '../../src/disclosures/entry.ts';
import { LEASE_MS } from '../../src/disclosures/settle.ts';
import { LEDGER_TTL_MS } from '../../src/disclosures/store.ts';
import { RAW_TTL_MS } from '../../src/observations/store.ts';
import { JUT, MIN_RADIUS_M } from '../../src/privacy/anonymity-map.ts';
import { BAND_M } from '../../src/privacy/band.ts';
import { MAX_BAND_RINGS, MAX_CHANGES_A_DAY, MIN_BAND_RINGS, TICK_MS } from '../../src/privacy/coarse-state.ts';
import { FEWEST_DEVICES, RELEASE_DELAY_MS, WINDOW_MS } from '../../src/privacy/count-rule.ts';
import { COUNTS_TABLES } from '../../src/rights/registry-counts.ts';
import { PROOF_TTL_MS, REQUEST_TTL_MS } from '../../src/rights/registry-map.ts';
import { COARSE_STATE_TTL_MS } from '../../src/sharing/coarse-region.ts';
import { LAST_LOCATION_TTL_MS } from '../../src/sharing/last-location-store.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

test.each([
  ['a coarse answer changes once in a quarter of an hour', TICK_MS, 15 * MINUTE_MS],
  ['and 24 times a day at most', MAX_CHANGES_A_DAY, 24],
  ['a border is two rings wide at least', MIN_BAND_RINGS, 2],
  ['and four at most', MAX_BAND_RINGS, 4],
  ['a circle is never smaller than two kilometres', MIN_RADIUS_M, 2_000],
  ['and as much wider as the widest border and the longest shift', BAND_M, 4 * 150 + 220],
  ['and as what juts out of a drawn region', JUT, 1.08],
  ['counts are of six hours', WINDOW_MS, 6 * HOUR_MS],
  ['come a day late', RELEASE_DELAY_MS, DAY_MS],
  ['and never name fewer than twenty devices', FEWEST_DEVICES, 20],
  ['regions are remembered for three seconds without the store', LEASE_MS, 3_000],
  ['where a device was told to be goes after a day', COARSE_STATE_TTL_MS, DAY_MS],
  ['its last place too', LAST_LOCATION_TTL_MS, DAY_MS],
  ['what phones report is kept for a week', RAW_TTL_MS, 7 * DAY_MS],
  ['a request for removal for thirty days', REQUEST_TTL_MS, 30 * DAY_MS],
  ['its proof for a week', PROOF_TTL_MS, 7 * DAY_MS],
  ['a token for a year', TOKEN_TTL_MS, 365 * DAY_MS],
  ['one that was replaced for ten minutes', ROTATION_MS, 10 * MINUTE_MS],
  ['a device nobody uses for a year', IDLE_DAYS, 365],
  ['the ledger for three years', LEDGER_TTL_MS, 3 * 365 * DAY_MS],
])('what is promised holds in numbers: %s', (_promise, kept, promised) => {
  expect(kept).toBe(promised);
});

test('visits that nothing could be counted of go three days after their six hours, as the registry says', () => {
  const { life } = COUNTS_TABLES.visits;
  if (life.kind !== 'when') throw new Error('they end by time');
  expect(life.says).toContain('three days');
  expect(life.sql).toContain(`t.window_no::int8 * ${6 * HOUR_MS} <= $1::int8 - ${6 * HOUR_MS + 3 * DAY_MS}`);
  expect(COUNTS_TABLES.visit_salts.life).toMatchObject({ sql: life.sql });
});

test('numbers and words in stores mean what they meant when they were written', () => {
  expect(KIND).toMatchObject({ precise: 1, region: 2, refused: 3, consent: 4, device: 5, rights: 6 });
  expect(KIND).toMatchObject({ staff: 7, legal: 8, notice: 9, counts: 10 });
  expect(PRECISION).toEqual({ none: 0, region: 1, precise: 2 });
  expect(FLAG).toEqual({ restricted: 1, objected: 2, child: 4, erasing: 8, guarded: 16 });
  expect(SOURCE).toEqual({ gps: 1, cell: 2, wifi: 4, bluetooth: 8, ip: 16 });
  expect(AGE_BANDS).toEqual(['under13', '13to15', '16to17', '18plus', 'unknown']);
});
